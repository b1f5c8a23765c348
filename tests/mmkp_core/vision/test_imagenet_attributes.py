"""Attribute words of photographs: the likeliest classes, above a floor."""

from pathlib import Path

import pytest

from mmkp_core.vision.attribute_engines import make_attribute_engine
from mmkp_core.vision.attributes import AttributeSpec
from tests.fixtures.photographs import photograph


@pytest.mark.parametrize(
    ("name", "least", "words"),
    [
        ("coffee", 0.1, ("espresso",)),
        ("cat", 0.1, ("tiger cat", "Egyptian cat", "tabby")),
        ("cat", 0.3, ("tiger cat", "Egyptian cat")),
        ("camera", 0.99, ()),
    ],
)
def test_a_photograph_is_named_by_its_classes(tmp_path: Path, name: str, least: float, words: tuple[str, ...]) -> None:
    engine = make_attribute_engine(AttributeSpec(engine="imagenet", least=least))
    engine.open(tmp_path)
    found = engine.attributes("key", photograph(name))
    assert (found.engine, found.status, found.words) == ("imagenet", "ok", words)
    assert all(least <= found.measures[word] <= 1 for word in words)


def test_what_is_no_image_says_so(tmp_path: Path) -> None:
    engine = make_attribute_engine(AttributeSpec(engine="imagenet"))
    engine.open(tmp_path)
    found = engine.attributes("key", b"<html>")
    assert (found.status, found.words) == ("unreadable", ())
