"""Rows are made once per key and engine, whatever was asked before."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from storage.rows import RowStore
from storage.store import Draft, Store

WORDS = pa.schema([pa.field("image_key", pa.string()), pa.field("words", pa.string())])


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path if request.param == "local" else f"memory://{tmp_path}")


def words(**rows: str) -> Callable[[Draft], None]:
    def build(draft: Draft) -> None:
        draft.write_table("words", [{"image_key": key, "words": text} for key, text in rows.items()], WORDS)

    return build


def test_only_new_keys_are_missing(store: Store) -> None:
    rows = RowStore(store, "words", {"engine": "a"}, 1)
    assert rows.missing(["x", "y"]) == ["x", "y"]
    rows.add(["x", "y"], words(x="1", y="2"))
    assert rows.missing(["x", "y", "z", "z"]) == ["z"]


def test_another_engine_or_version_starts_from_nothing(store: Store) -> None:
    RowStore(store, "words", {"engine": "a"}, 1).add(["x"], words(x="1"))
    assert RowStore(store, "words", {"engine": "b"}, 1).missing(["x"]) == ["x"]
    assert RowStore(store, "words", {"engine": "a"}, 2).missing(["x"]) == ["x"]


def test_a_selection_reads_across_parts_and_each_key_once(store: Store) -> None:
    rows = RowStore(store, "words", {"engine": "a"}, 1)
    rows.add(["x", "y"], words(x="1", y="2"))
    rows.add(["y", "z"], words(y="2", z="3"))
    selected = rows.select(["y", "z", "nowhere"])
    assert sorted(selected["image_key"].to_pylist()) == ["y", "z"]


def test_a_torn_part_is_as_good_as_absent(store: Store) -> None:
    rows = RowStore(store, "words", {"engine": "a"}, 1)
    rows.add(["x"], words(x="1"))
    part = rows.add(["y"], words(y="2"))
    store.objects.put(part.path("words.parquet"), b"")
    assert rows.missing(["x", "y"]) == ["y"]
