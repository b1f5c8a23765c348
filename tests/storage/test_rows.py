"""Rows are made once per key and engine, whatever was asked before."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from mmkp_core.errors import MmkpError
from mmkp_core.tables.table import Column, Table
from storage.draft import Draft
from storage.facts import PartFacts
from storage.rows import RowStore
from storage.store import Store

WORDS = Table("words", "", (Column("image_key", pa.string(), ""), Column("words", pa.string(), "")))


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path if request.param == "local" else f"memory://{tmp_path}")


def words(**rows: str) -> Callable[[Draft], None]:
    def build(draft: Draft) -> None:
        draft.write_table(WORDS, [{"image_key": key, "words": text} for key, text in rows.items()])
        draft.facts = PartFacts()

    return build


def test_only_new_keys_are_missing(store: Store) -> None:
    rows = RowStore(store, "ocr", {"engine": "a"}, 1, table="words")
    assert rows.missing(["x", "y"]) == ["x", "y"]
    rows.add(["x", "y"], words(x="1", y="2"))
    assert rows.missing(["x", "y", "z", "z"]) == ["z"]


def test_another_engine_or_version_starts_from_nothing(store: Store) -> None:
    RowStore(store, "ocr", {"engine": "a"}, 1, table="words").add(["x"], words(x="1"))
    assert RowStore(store, "ocr", {"engine": "b"}, 1, table="words").missing(["x"]) == ["x"]
    assert RowStore(store, "ocr", {"engine": "a"}, 2, table="words").missing(["x"]) == ["x"]


def test_a_selection_reads_across_parts_and_each_key_once(store: Store) -> None:
    rows = RowStore(store, "ocr", {"engine": "a"}, 1, table="words")
    rows.add(["x", "y"], words(x="1", y="2"))
    rows.add(["y", "z"], words(y="2", z="3"))
    selected = rows.select(["y", "z", "nowhere"])
    assert sorted(selected["image_key"].to_pylist()) == ["y", "z"]


def test_a_torn_part_is_as_good_as_absent(store: Store) -> None:
    rows = RowStore(store, "ocr", {"engine": "a"}, 1, table="words")
    rows.add(["x"], words(x="1"))
    part = rows.add(["y"], words(y="2"))
    store.objects.put(part.path("words.parquet"), b"")
    assert rows.missing(["x", "y"]) == ["y"]


def test_rows_of_a_damaged_part_are_not_passed_over_in_silence(store: Store) -> None:
    rows = RowStore(store, "ocr", {"engine": "a"}, 1, table="words")
    part = rows.add(["x"], words(x="1"))
    store.objects.put(part.path("words.parquet"), b"")
    with pytest.raises(MmkpError, match="or is damaged"):
        rows.select(["x"])
