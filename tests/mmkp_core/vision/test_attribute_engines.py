"""An attribute engine is a row of the table."""

from pathlib import Path
from pkgutil import resolve_name

from pydantic import TypeAdapter

from mmkp_core.vision.attribute_engines import ATTRIBUTE_ENGINES, make_attribute_engine
from mmkp_core.vision.attributes import AttributeSpec
from mmkp_core.vision.measured_attributes import measure


def test_the_form_offers_the_rows_of_the_table() -> None:
    engine = TypeAdapter(AttributeSpec).json_schema()["properties"]["engine"]

    assert engine.get("enum", [engine.get("const")]) == list(ATTRIBUTE_ENGINES)
    assert [resolve_name(path).name for path in ATTRIBUTE_ENGINES.values()] == list(ATTRIBUTE_ENGINES)


def test_the_fingerprint_follows_the_spec() -> None:
    first, other = (make_attribute_engine(spec).fingerprint() for spec in (AttributeSpec(), AttributeSpec(words=3)))

    assert first != other
    assert first == make_attribute_engine(AttributeSpec()).fingerprint()


def test_the_measured_engine_measures(tmp_path: Path) -> None:
    engine = make_attribute_engine(AttributeSpec(words=2))
    engine.open(tmp_path)

    assert engine.attributes("k", b"<html>") == measure("k", b"<html>", AttributeSpec(words=2))
