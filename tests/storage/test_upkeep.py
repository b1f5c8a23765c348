"""Every stored byte can be checked, and what nothing needs is removed."""

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from mmkp_core.tables.table import Column, Table
from storage.draft import Draft
from storage.facts import PartFacts
from storage.store import Store
from storage.upkeep import collect_garbage, verify

NUMBERS = Table("numbers", "", (Column("number", pa.int64(), ""),))


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path / "store" if request.param == "local" else f"memory://{tmp_path}")


def numbers(*values: int) -> Callable[[Draft], None]:
    def build(draft: Draft) -> None:
        draft.write_table(NUMBERS, [{"number": value} for value in values])
        draft.facts = PartFacts()

    return build


def test_verify_finds_one_flipped_byte(store: Store) -> None:
    record, _ = store.build("ocr", {}, [], 1, numbers(1, 2))
    image = store.images.add(b"picture")
    assert list(verify(store)) == []
    data = bytearray(store.read(record, "numbers.parquet"))
    data[40] ^= 1
    store.objects.put(record.path("numbers.parquet"), bytes(data))
    store.objects.put(store.images.path(image), b"pictore")
    assert [found.path for found in verify(store)] == [record.path("numbers.parquet"), store.images.path(image)]


def test_verify_goes_on_past_a_damaged_record(store: Store) -> None:
    first, _ = store.build("ocr", {"n": 1}, [], 1, numbers(1))
    second, _ = store.build("ocr", {"n": 2}, [], 1, numbers(2))
    store.objects.put(first.document, b"{")
    store.objects.put(second.path("numbers.parquet"), b"cut")
    assert {found.path for found in verify(store)} == {first.document, second.path("numbers.parquet")}


def test_an_artifact_that_was_copied_in_by_hand_is_known_after_verify(store: Store, tmp_path: Path) -> None:
    elsewhere = Store(tmp_path / "elsewhere")
    record, _ = elsewhere.build("ocr", {}, [], 1, numbers(1))
    store.build("entities", {}, [], 1, numbers(1))
    store.index.gather()
    for path in elsewhere.objects.walk("artifacts"):
        store.objects.put(path, elsewhere.objects.read(path))
    assert list(store.records("ocr")) == []
    list(verify(store))
    assert [found.ref for found in store.records("ocr")] == [record.ref]


def test_files_of_a_replaced_build_go_when_they_are_a_day_old(store: Store) -> None:
    old, _ = store.build("ocr", {}, [], 1, numbers(1))
    new, _ = store.build("ocr", {}, [], 1, numbers(2), rebuild=True)
    assert list(collect_garbage(store)) == []  # a younger file may be somebody's, being published
    removed = [found.path for found in collect_garbage(store, older_than_hours=0)]
    assert [path for path in removed if path.startswith("artifacts/")] == [old.path("numbers.parquet")]
    assert store.table(store.require(new.ref), "numbers")["number"].to_pylist() == [2]


def test_what_a_killed_build_left_goes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    os.makedirs(store.objects.scratch("staging") / "killed")
    assert [found.path for found in collect_garbage(store, older_than_hours=0)] == ["staging/killed"]


def test_a_lock_that_is_held_is_not_garbage(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.lock("a build of two days"):
        assert list(collect_garbage(store, older_than_hours=0)) == []
    assert [found.path for found in collect_garbage(store, older_than_hours=0)] == ["locks/a build of two days.lock"]
