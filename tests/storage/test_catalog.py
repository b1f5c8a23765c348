"""The catalog: documented views, current after every publish, readable by others while it changes."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from mmkp_core.data.post import Post
from mmkp_core.data.tables import POSTS, row_of_post
from storage import catalog
from storage.records import Record
from storage.store import Draft, Store

REQUIRED = [
    "posts",
    "images",
    "ocr",
    "entities",
    "attributes",
    "matches",
    "splits",
    "overlaps",
    "rationales",
    "runs",
    "curves",
    "predictions",
    "hits",
    "scores",
    "decisions",
    "quarantine",
    "artifacts",
    "inputs",
    "names",
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "it's a store", published=catalog.write)


def add_dataset(store: Store, name: str, *posts: Post) -> Record:
    def build(draft: Draft) -> None:
        draft.write_table("posts", [row_of_post(post) for post in posts], POSTS)

    part, _ = store.build("posts", {"name": name}, [], 1, build)
    dataset, _ = store.build("dataset", {}, [part.ref], 1, lambda draft: None)
    store.point(f"dataset/{name}", dataset.ref, "made by a test")
    return dataset


def file(store: Store) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(f"{store.objects.base}/{catalog.FILE}", read_only=True)


def test_every_view_is_there_before_any_row_is(store: Store) -> None:
    with catalog.connect(store) as connection:
        assert {name: connection.sql(f'select * from "{name}"').fetchall() for name in REQUIRED} == {
            name: [] for name in REQUIRED
        }


def test_the_documented_columns_are_the_real_ones(store: Store) -> None:
    add_dataset(store, "a", Post(post_id="1", text="one"))
    with file(store) as connection:
        for name, view in catalog.VIEWS.items():
            described = connection.sql(f'describe "{name}"').fetchall()
            assert {column: kind for column, kind, *_ in described} == {
                column: {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}.get(kind, kind)
                for column, (kind, _) in view.columns.items()
            }


def test_the_file_is_current_after_each_publish(store: Store) -> None:
    add_dataset(store, "a", Post(post_id="1", text="one", keyphrases=("x", "y")))
    with file(store) as connection:
        assert connection.sql("select dataset, post_id, text, keyphrases from posts").fetchall() == [
            ("a", "1", "one", ["x", "y"])
        ]
    add_dataset(store, "b", Post(post_id="1", text="other"))
    with file(store) as connection:
        assert connection.sql("select dataset from posts order by 1").fetchall() == [("a",), ("b",)]


def test_posts_follow_the_name_and_every_version_stays_reachable(store: Store) -> None:
    old = add_dataset(store, "a", Post(post_id="1", text="old"))
    new, _ = store.build("dataset", {"v": 2}, [], 1, lambda draft: None)
    store.point("dataset/a", new.ref, "emptied")
    with file(store) as connection:
        assert connection.sql("select * from posts").fetchall() == []
        assert (old.ref.address,) in connection.sql("select artifact from artifacts").fetchall()
        assert connection.sql("select number, current, reason from names order by 1").fetchall() == [
            (1, False, "made by a test"),
            (2, True, "emptied"),
        ]


def test_a_reader_that_holds_the_file_open_neither_blocks_nor_breaks_a_publish(store: Store) -> None:
    add_dataset(store, "a", Post(post_id="1", text="one"))
    code = f"""
import duckdb, sys
connection = duckdb.connect({store.objects.base + "/" + catalog.FILE!r}, read_only=True)
print(connection.sql("select count(*) from posts").fetchall()[0][0], flush=True)
sys.stdin.readline()
print(connection.sql("select count(*) from posts").fetchall()[0][0], flush=True)
"""
    reader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdin
    assert reader.stdout
    with reader:
        assert reader.stdout.readline().strip() == "1"
        add_dataset(store, "b", Post(post_id="1", text="two"))
        with file(store) as connection:
            assert connection.sql("select count(*) from posts").fetchall() == [(2,)]
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline().strip() == "1"


def test_the_file_opens_from_another_folder(store: Store, tmp_path: Path) -> None:
    add_dataset(store, "a", Post(post_id="1", text="one"))
    code = f"""
import duckdb
print(duckdb.connect({store.objects.base + "/" + catalog.FILE!r}, read_only=True).sql("from posts").fetchall()[0][1])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_an_artifact_whose_file_is_gone_does_not_break_the_view(store: Store) -> None:
    add_dataset(store, "a", Post(post_id="1", text="one"))
    part = next(store.records("posts"))
    os.remove(store.objects.full(part.path("posts.parquet")))
    with catalog.connect(store) as connection:
        assert connection.sql("select * from posts").fetchall() == []


def test_a_store_in_memory_is_queried_the_same_way() -> None:
    store = Store("memory://catalog", published=catalog.write)
    add_dataset(store, "a", Post(post_id="1", text="one"))
    with catalog.connect(store) as connection:
        assert connection.sql("select text from posts").fetchall() == [("one",)]
