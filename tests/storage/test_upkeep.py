"""Every stored byte can be checked, and what nothing needs is removed."""

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from mmkp_core.data.post import Post, Prediction
from mmkp_core.errors import Damaged
from mmkp_core.tables.table import Column, Table
from storage import catalog
from storage.draft import Draft
from storage.facts import PartFacts
from storage.store import Store
from storage.upkeep import collect_garbage, unreferenced, verify
from tests.fixtures.small_store import add_dataset, add_predictions, add_run, add_split

NUMBERS = Table("numbers", "", (Column("number", pa.int64(), ""),))


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path / "store" if request.param == "local" else f"memory://{tmp_path}")


def numbers(*values: int) -> Callable[[Draft], None]:
    def build(draft: Draft) -> None:
        draft.write_table(NUMBERS, [{"number": value} for value in values])
        draft.facts = PartFacts()

    return build


@pytest.mark.fault(16)
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


def test_what_somebody_works_on_is_not_garbage_however_old_it_is(tmp_path: Path) -> None:
    store = Store(tmp_path)
    found: list[str] = []

    def slowly(draft: Draft) -> None:
        (store.workspace(draft.ref) / "checkpoint").touch()
        found.extend(stale.path for stale in collect_garbage(store, older_than_hours=0))
        assert draft.folder.is_dir()
        numbers(1)(draft)

    store.build("ocr", {}, [], 1, slowly)
    assert found == []


def test_no_locks_and_work_folders_are_left_after_a_build(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for n in range(3):
        store.build("ocr", {"n": n}, [], 1, numbers(n))
    assert [path for folder in ("locks", "work", "staging") for path in (tmp_path / folder).iterdir()] == []


def test_a_lock_that_a_kill_left_behind_goes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (store.objects.scratch("locks") / "ocr.x.lock").touch()
    assert [found.path for found in collect_garbage(store, older_than_hours=0)] == ["locks/ocr.x.lock"]


def findings(store: Store) -> list[tuple[str, str]]:
    found = list(verify(store))
    assert all(one.remedy for one in found)
    return [(one.what, one.path) for one in found]


def test_verify_sees_what_names_point_at(store: Store) -> None:
    run, _ = store.build("ocr", {}, [], 1, numbers(1))
    store.point("run/mine", run.ref, "made by a test")
    store.forget(run.ref)
    assert findings(store) == [("missing", "names/run/mine/00000001.json")]


def test_verify_sees_lost_inputs_and_images(store: Store) -> None:
    post = Post(post_id="1", text="seen", keyphrases=("x",), image=store.images.add(b"picture"))
    part = store.require(add_dataset(store, [post])).inputs[0]
    assert findings(store) == []
    image = next(iter(store.objects.walk("images")))
    store.objects.remove(image)
    assert findings(store) == [("missing", image)]
    dataset = store.address("dataset", {}, [part], 1)
    store.forget(part)
    assert findings(store) == [("missing", f"artifacts/{dataset}/record.json")]


def test_verify_sees_edited_facts_and_a_record_in_the_place_of_another(store: Store) -> None:
    first, _ = store.build("ocr", {"n": 1}, [], 1, numbers(1))
    second, _ = store.build("ocr", {"n": 2}, [], 1, numbers(2))
    third, _ = store.build("ocr", {"n": 3}, [], 1, numbers(2))
    store.objects.put(first.document, store.objects.read(first.document).replace(b'"seconds"', b'"minutes"'))
    store.objects.put(second.document, store.objects.read(third.document))
    assert set(findings(store)) == {("damaged", first.document), ("damaged", second.document)}


@pytest.mark.fault(17)
def test_verify_tells_stray_files_of_those_of_a_build(store: Store) -> None:
    record, _ = store.build("ocr", {}, [], 1, numbers(1))
    store.build("ocr", {}, [], 1, numbers(2), rebuild=True)
    strays = {"artifacts/ocr/notes.txt", f"artifacts/{record.ref}/.DS_Store", "names/dataset/mine/copy of 1.json"}
    for path in strays:
        store.objects.put(path, b"what?")
    assert set(findings(store)) == {("stray", path) for path in strays}


@pytest.mark.fault(16, 17)
def test_an_unreadable_record_or_name_costs_that_one_only(store: Store) -> None:
    kept, _ = store.build("ocr", {"n": 1}, [], 1, numbers(1))
    torn, _ = store.build("ocr", {"n": 2}, [], 1, numbers(2))
    for name in ("good", "bad"):
        store.point(f"run/{name}", kept.ref, "made by a test")
    store.objects.put(torn.document, b"{")
    store.objects.put("names/run/bad/00000001.json", b"\x00")
    again = Store(store.url)
    assert [version.name for version in again.names.current()] == ["run/good"]
    with pytest.raises(Damaged, match="remove it, and run/bad means what it meant before"):
        again.names.get("run/bad")
    assert list(collect_garbage(again, older_than_hours=0)) == []
    assert set(findings(again)) == {("damaged", torn.document), ("damaged", "names/run/bad/00000001.json")}
    if store.objects.is_local:
        with catalog.connect(again) as connection:
            assert connection.sql("select path from left_out order by path").fetchall() == [
                (torn.document,), ("names/run/bad",),
            ]  # fmt: skip
            assert connection.sql("select count(*) from artifacts").fetchall() == [(1,)]


def test_a_record_that_is_no_file_costs_that_artifact_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    record, _ = store.build("ocr", {}, [], 1, numbers(1))
    os.remove(tmp_path / record.document)
    (tmp_path / record.document).mkdir()
    assert list(Store(tmp_path).records()) == []
    assert store.find(record.ref) is None


def test_what_no_name_leads_to_is_offered_and_what_rests_on_named_things_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    post = Post(post_id="1", text="seen", keyphrases=("x",))
    old = add_dataset(store, [post], "older")
    new = add_dataset(store, [post], "mine")
    store.point("dataset/older", new, "made by a test")
    named = add_run(store, add_split(store, new, {"1": "train", "2": "test"}), "mine")
    add_predictions(store, named, new, [Prediction("1", ("x",))])
    store.build("replies", {}, [], 1, numbers(1), group="paid")
    found = {record.ref for record in unreferenced(store)}
    assert found == {old, *store.require(old).inputs}
