"""The catalog's file follows what is published, and the last state is never left out."""

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import duckdb
import pytest

from mmkp_core.data.batches import Counts
from storage import catalog, follower
from storage.draft import Draft
from storage.facts import DatasetFacts
from storage.follower import Follower
from storage.store import Store

ROOT = Path(__file__).resolve().parent.parent.parent


def publish(store: Store, number: int) -> None:
    def build(draft: Draft) -> None:
        draft.facts = DatasetFacts(counts=Counts())

    store.build("dataset", {"number": number}, [], 1, build)


def shown(root: Path) -> int:
    with duckdb.connect(f"{root}/{catalog.FILE}", read_only=True) as connection:
        return int(connection.sql("select count(*) from artifacts").fetchall()[0][0])


def test_many_publishes_are_one_refresh_with_the_last_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "PAUSE", 3600.0)
    follow = Follower()
    store = Store(tmp_path, published=follow)
    catalog.refresh(store)
    for number in range(5):
        publish(store, number)
    assert shown(tmp_path) == 0
    follow.finish()
    assert shown(tmp_path) == 5


def test_a_process_that_ends_leaves_a_current_file(tmp_path: Path) -> None:
    code = f"""
        from mmkp_core.data.batches import Counts
        from storage.facts import DatasetFacts
        from storage.follower import Follower
        from storage.store import Store
        def build(draft):
            draft.facts = DatasetFacts(counts=Counts())
        store = Store({str(tmp_path)!r}, published=Follower())
        for number in range(20):
            store.build("dataset", {{"number": number}}, [], 1, build)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert shown(tmp_path) == 20


def test_what_another_process_has_refreshed_since_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    before = time.time()
    catalog.refresh(store)
    first = (tmp_path / catalog.FILE).stat().st_ino
    catalog.refresh_since(store, before)
    assert (tmp_path / catalog.FILE).stat().st_ino == first
    catalog.refresh_since(store, time.time())
    assert (tmp_path / catalog.FILE).stat().st_ino != first


def test_a_store_on_object_storage_has_no_file(tmp_path: Path) -> None:
    follow = Follower()
    publish(Store(f"memory://{tmp_path}", published=follow), 0)
    follow.finish()
