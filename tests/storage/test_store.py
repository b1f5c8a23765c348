"""The reuse rule: whole artifacts are used, everything else is built, and nobody sees half of one."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from mmkp_core.data.batches import Counts
from mmkp_core.errors import Damaged, MmkpError
from mmkp_core.tables.table import Column, Table
from storage.draft import Draft
from storage.facts import DatasetFacts, PartFacts, PostsFacts, RunFacts
from storage.store import Store

NUMBERS = Table("numbers", "", (Column("number", pa.int64(), ""),))
RUN = RunFacts(
    system="copy", family="classic", heads=("phrases",), seed=0, split="split/s", dataset="dataset/d",
    train_posts=1, valid_posts=0, epochs=1, parameters=1, device="cpu",
)  # fmt: skip


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path / "store" if request.param == "local" else f"memory://{tmp_path}")


def numbers(*values: int) -> Callable[[Draft], None]:
    def build(draft: Draft) -> None:
        draft.write_table(NUMBERS, [{"number": value} for value in values])
        draft.facts = RUN if draft.ref.kind == "run" else PartFacts(rows={"numbers": len(values)})

    return build


def posts(*values: int) -> Callable[[Draft], None]:
    def build(draft: Draft) -> None:
        draft.write_table(NUMBERS, [{"number": value} for value in values])
        draft.facts = PostsFacts(counts=Counts(read=len(values)))

    return build


def dataset(draft: Draft) -> None:
    draft.facts = DatasetFacts(counts=Counts())


def never(_: Draft) -> None:
    raise AssertionError("built again")


def test_what_is_there_is_not_built_again(store: Store) -> None:
    first, reused_first = store.build("ocr", {"n": 3}, [], 1, numbers(1, 2, 3))
    second, reused_second = store.build("ocr", {"n": 3}, [], 1, never)
    assert (reused_first, reused_second) == (False, True)
    assert second == first
    assert store.table(second, "numbers")["number"].to_pylist() == [1, 2, 3]
    assert second.states(PartFacts).rows == {"numbers": 3}


@pytest.mark.parametrize("change", ["spec", "inputs", "version"])
def test_each_of_spec_inputs_and_code_version_makes_another_artifact(store: Store, change: str) -> None:
    base, _ = store.build("ocr", {"n": 3}, [], 1, numbers(1))
    other, reused = store.build(
        "ocr",
        {"n": 4 if change == "spec" else 3},
        [base.ref] if change == "inputs" else [],
        2 if change == "version" else 1,
        numbers(2),
    )
    assert not reused
    assert other.ref != base.ref


def test_every_row_says_which_artifact_it_belongs_to(store: Store) -> None:
    record, _ = store.build("ocr", {}, [], 1, numbers(7))
    assert store.table(record, "numbers")["artifact"].to_pylist() == [record.ref.address]


def test_a_failed_build_leaves_nothing_that_looks_finished(store: Store) -> None:
    def fail(draft: Draft) -> None:
        numbers(1)(draft)
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        store.build("ocr", {}, [], 1, fail)
    assert list(store.records()) == []
    assert list(store.objects.walk("artifacts")) == []


def test_rebuild_makes_it_anew_and_leaves_the_old_files_to_their_readers(store: Store) -> None:
    old, _ = store.build("ocr", {}, [], 1, numbers(1))
    new, reused = store.build("ocr", {}, [], 1, numbers(2), rebuild=True)
    assert not reused
    assert store.table(old, "numbers")["number"].to_pylist() == [1]
    assert store.table(store.require(old.ref), "numbers")["number"].to_pylist() == [2]
    assert store.require(old.ref) == new


@pytest.mark.fault(16, 19)
def test_a_cut_off_derived_artifact_is_built_again(store: Store) -> None:
    record, _ = store.build("ocr", {}, [], 1, numbers(1, 2))
    store.objects.put(record.path("numbers.parquet"), b"torn")
    again, reused = store.build("ocr", {}, [], 1, numbers(1, 2))
    assert not reused
    assert store.table(again, "numbers")["number"].to_pylist() == [1, 2]


@pytest.mark.fault(16)
def test_a_cut_off_run_is_an_error_that_names_the_remedy(store: Store) -> None:
    record, _ = store.build("run", {}, [], 1, numbers(1))
    store.objects.remove(record.path("numbers.parquet"))
    with pytest.raises(Damaged, match="mmkp train"):
        store.build("run", {}, [], 1, never)
    _, reused = store.build("run", {}, [], 1, numbers(1), rebuild=True)
    assert not reused


@pytest.mark.fault(10)
def test_an_image_is_stored_once_and_a_changed_one_is_refused(store: Store) -> None:
    first, second = store.images.add(b"picture"), store.images.add(b"picture")
    assert first == second
    assert len(list(store.objects.walk("images"))) == 1
    store.objects.put(store.images.path(first), b"another")
    with pytest.raises(Damaged, match=first):
        store.images.read(first)


def test_what_is_not_there_is_said_with_what_to_do(store: Store) -> None:
    with pytest.raises(MmkpError, match="run the flow"):
        store.require(store.address("ocr", {}, [], 1))


@pytest.mark.fault(21)
def test_two_threads_that_ask_at_once_build_it_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    inside, go_on = threading.Event(), threading.Event()
    built: list[bool] = []

    def slowly(draft: Draft) -> None:
        inside.set()
        assert go_on.wait(10)
        numbers(1)(draft)

    def ask(build: Callable[[Draft], None]) -> None:
        built.append(not store.build("ocr", {}, [], 1, build)[1])

    first = threading.Thread(target=ask, args=(slowly,))
    first.start()
    assert inside.wait(10)
    second = threading.Thread(target=ask, args=(never,))
    second.start()
    go_on.set()
    first.join(10)
    second.join(10)
    assert sorted(built) == [False, True]


def test_a_build_killed_midway_is_built_by_the_next_who_asks(tmp_path: Path) -> None:
    code = f"""
        import os, signal, sys
        from storage.store import Store
        def build(draft):
            (draft.folder / "half").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
        Store({str(tmp_path)!r}).build("ocr", {{}}, [], 1, build)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=os.getcwd(), check=False)
    assert killed.returncode == -signal.SIGKILL
    store = Store(tmp_path)
    _, reused = store.build("ocr", {}, [], 1, numbers(1))
    assert not reused


def test_a_builder_that_states_nothing_is_told_what_to_set(store: Store) -> None:
    with pytest.raises(TypeError, match=r"must set PartFacts\(\.\.\.\)"):
        store.build("ocr", {}, [], 1, lambda draft: None)
    assert list(store.objects.walk("artifacts")) == []


def test_a_kind_that_nobody_knows_is_refused_before_it_is_built(store: Store) -> None:
    with pytest.raises(TypeError, match="'numbers'"):
        store.build("numbers", {}, [], 1, never)


@pytest.mark.fault(16)
def test_a_damaged_record_costs_that_artifact_only(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    damaged, _ = store.build("ocr", {"n": 1}, [], 1, numbers(1))
    whole, _ = store.build("ocr", {"n": 2}, [], 1, numbers(2))
    store.objects.put(damaged.document, b"{")
    assert list(Store(store.url).records("ocr")) == [whole]
    assert damaged.ref.address in caplog.text
    again, reused = store.build("ocr", {"n": 1}, [], 1, numbers(1))
    assert (again.ref, reused) == (damaged.ref, False)


def test_a_damaged_record_of_a_run_is_an_error_that_names_it(store: Store) -> None:
    run, _ = store.build("run", {}, [], 1, numbers(1))
    store.objects.put(run.document, run.to_json().replace(b'"epochs": 1', b'"epochs": 9'))
    with pytest.raises(Damaged, match=f"{run.ref}.*it was edited"):
        store.build("run", {}, [], 1, never)


def flip(store: Store, path: str, place: int = 40) -> None:
    """One bit, the size as it was."""
    data = bytearray(store.objects.read(path))
    data[place] ^= 1
    store.objects.put(path, bytes(data))


@pytest.mark.fault(16)
def test_a_flipped_bit_is_never_read(store: Store) -> None:
    record, _ = store.build("ocr", {}, [], 1, numbers(1, 2))
    assert store.table(record, "numbers").num_rows == 2
    flip(store, record.path("numbers.parquet"))
    for read in (store.table, store.read, store.local):
        with pytest.raises(Damaged, match=rf"{record.ref}.*numbers\.parquet"):
            read(record, "numbers" if read == store.table else "numbers.parquet")


@pytest.mark.fault(16, 19)
def test_a_derived_artifact_with_a_flipped_bit_is_built_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    record, _ = store.build("ocr", {}, [], 1, numbers(1, 2))
    assert store.find(record.ref)
    flip(store, record.path("numbers.parquet"))
    again, reused = store.build("ocr", {}, [], 1, numbers(1, 2))
    assert not reused
    assert store.table(again, "numbers")["number"].to_pylist() == [1, 2]


@pytest.mark.fault(19)
def test_what_was_made_of_other_bytes_than_its_inputs_hold_now_is_not_used(store: Store) -> None:
    first, _ = store.build("posts", {}, [], 1, posts(1))
    middle, _ = store.build("dataset", {}, [first.ref], 1, dataset)
    last, _ = store.build("ocr", {}, [middle.ref], 1, numbers(1))
    store.build("posts", {}, [], 1, posts(1), rebuild=True)
    assert store.find(last.ref) == last  # made again, the same bytes
    store.build("posts", {}, [], 1, posts(2), rebuild=True)
    assert store.find(middle.ref) is None
    middle, reused = store.build("dataset", {}, [first.ref], 1, dataset)
    assert not reused
    assert store.find(last.ref) is None
    assert store.require(last.ref) == last  # whoever asks for it by its address may still look at it


def test_rows_that_come_to_lie_beside_selected_ones_change_nothing(store: Store) -> None:
    part, _ = store.build("ocr", {}, [], 1, numbers(1), group="g")

    def select(draft: Draft) -> None:
        dataset(draft)
        draft.selects.append(part.ref)

    selection, _ = store.build("dataset", {}, [], 1, select)
    store.build("ocr", {}, [], 1, numbers(1, 2), group="g", rebuild=True)
    assert store.find(selection.ref) == selection


def test_a_forgotten_artifact_is_built_by_the_next_who_asks(store: Store) -> None:
    record, _ = store.build("ocr", {}, [], 1, numbers(1))
    store.forget(record.ref)
    assert list(store.records()) == []
    _, reused = store.build("ocr", {}, [], 1, numbers(1))
    assert not reused
    assert [found.ref for found in store.records()] == [record.ref]
