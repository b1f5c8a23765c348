"""Every write of every publish failed and killed in turn: the store is whole after each, and whoever goes on completes.

A kill is simulated in this process: at the chosen operation everything stops, and nothing that runs afterwards (no
`finally`, no clean-up) reaches the disk any more. `tests/drills/test_random_kills.py` kills real processes.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mmkp_core.data.post import Post, Prediction
from storage import catalog
from storage.draft import Draft
from storage.facts import PartFacts
from storage.rows import RowStore
from storage.store import Store
from storage.upkeep import verify
from tests.fixtures.small_store import add_dataset, add_predictions, add_run, add_split

pytestmark = pytest.mark.fault(13, 14)


class Killed(BaseException):
    """The process is gone."""


class Faults:
    """Counts what changes the disk, and strikes at the chosen operation; after a kill, at each that follows too."""

    def __init__(self, strike_at: int | None, error: Callable[[], BaseException]) -> None:
        self.count = 0
        self.strike_at = strike_at
        self.error = error
        self.operations: list[str] = []

    def __call__(self, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def struck(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            self.operations.append(name)
            dead = self.strike_at is not None and self.count > self.strike_at and isinstance(self.error(), Killed)
            if self.count == self.strike_at or dead:
                raise self.error()
            return operation(*args, **kwargs)

        return struck


@contextmanager
def faults(strike_at: int | None, error: Callable[[], BaseException]) -> Iterator[Faults]:
    with pytest.MonkeyPatch.context() as patch:
        found = Faults(strike_at, error)
        for module, name in (
            (os, "fsync"), (os, "replace"), (os, "link"), (os, "unlink"), (os, "mkdir"), (shutil, "rmtree"),
            (Path, "touch"), (Path, "unlink"), (Path, "mkdir"),
        ):  # fmt: skip
            patch.setattr(module, name, found(name, getattr(module, name)))
        yield found


def everything(home: Path) -> None:
    """One publish of each sort: artifacts, parts of rows, images, names, the index, the catalog's file."""
    store = Store(home)
    post = Post(post_id="1", text="seen", keyphrases=("x",), image=store.images.add(b"picture"))
    dataset = add_dataset(store, [post])
    rows = RowStore(store, "ocr", {"engine": "made"}, 1)

    def read(draft: Draft) -> None:
        draft.facts = PartFacts(rows={"ok": 1})

    rows.add(["key"], read)
    run = add_run(store, add_split(store, dataset, {"1": "train"}), "mine")
    add_predictions(store, run, dataset, [Prediction("1", ("x",))])
    store.index.gather()


def show(home: Path) -> None:
    """The catalog's file."""
    catalog.refresh(Store(home))


def contents(home: Path) -> dict[str, dict[str, str]]:
    return {r.ref.address: {file.name: file.sha256 for file in r.files} for r in Store(home).records()}


def names(home: Path) -> dict[str, str]:
    return {version.name: version.target.address for version in Store(home).names.current()}


def error_of(fault: str) -> BaseException:
    if fault == "killed":
        return Killed()
    number = errno.ENOSPC if fault == "no space" else errno.EIO
    return OSError(number, os.strerror(number), "somewhere")


def struck(work: Callable[[Path], None], home: Path, strike_at: int | None, fault: str) -> Faults:
    with faults(strike_at, lambda: error_of(fault)) as found, suppress(Killed, Exception):
        work(home)
    return found


@pytest.mark.parametrize("fault", ["killed", "no space", "input/output"])
def test_whatever_is_struck_the_store_is_whole_and_goes_on(tmp_path: Path, fault: str) -> None:
    operations = struck(everything, tmp_path / "undisturbed", None, fault).count
    wanted, meant = contents(tmp_path / "undisturbed"), names(tmp_path / "undisturbed")
    assert operations > 50
    for strike_at in range(1, operations + 1):
        home = tmp_path / str(strike_at)
        struck(everything, home, strike_at, fault)
        assert list(verify(Store(home))) == [], f"{fault} at {strike_at}"
        everything(home)
        assert (contents(home), names(home)) == (wanted, meant), f"{fault} at {strike_at}"
        assert list(verify(Store(home))) == []


@pytest.mark.parametrize("fault", ["killed", "no space"])
def test_whatever_is_struck_readers_of_the_catalogs_file_find_a_whole_one(tmp_path: Path, fault: str) -> None:
    home = tmp_path / "home"
    everything(home)
    operations = struck(show, home, None, fault).count
    assert operations >= 1
    for strike_at in range(1, operations + 1):
        struck(show, home, strike_at, fault)
        with duckdb.connect(str(home / catalog.FILE), read_only=True) as connection:
            assert connection.sql("select count(*) from posts").fetchall() == [(1,)]
