"""Whoever asks while others publish, rebuild and gather gets whole answers."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import pytest

from storage import catalog
from storage.store import Store

ROOT = Path(__file__).resolve().parent.parent.parent
QUERIES = int(os.environ.get("MMKP_TEST_QUERIES", "40"))
POSTS, PARTS = 50, 3

PUBLISHER = f"""
    import sys
    from mmkp_core.data.batches import Counts
    from mmkp_core.data.post import Post
    from mmkp_core.data.post_rows import row_of_post
    from mmkp_core.tables.posts import POSTS
    from storage import follower, index
    from storage.facts import DatasetFacts, PostsFacts
    from storage.store import Store

    follower.PAUSE, index.MANY, index.LOOK_EVERY = 0.0, 8, 1
    store = Store(sys.argv[1], published=follower.Follower())

    def posts(version, part):
        def build(draft):
            rows = [Post(post_id=f"{{part}}-{{n}}", text=str(version)) for n in range({POSTS})]
            draft.write_table(POSTS, [row_of_post(post) for post in rows])
            draft.facts = PostsFacts(counts=Counts())
        return build

    def dataset(draft):
        draft.facts = DatasetFacts(counts=Counts())

    version = 0
    while True:
        spec = {{"by": sys.argv[2], "version": version}}
        parts = [store.build("posts", spec | {{"part": p}}, [], 1, posts(version, p))[0].ref for p in range({PARTS})]
        made, _ = store.build("dataset", spec, parts, 1, dataset)
        store.build("dataset", spec, parts, 1, dataset, rebuild=True)
        store.point(f"dataset/{{sys.argv[2]}}", made.ref, "made by a test")
        print(version, flush=True)
        version += 1
"""


@pytest.mark.fault(21)
def test_no_query_gets_half_an_answer(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(PUBLISHER), str(tmp_path)]
    publishers = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        for name in ("a", "b")
    ]
    try:
        for publisher in publishers:
            assert publisher.stdout
            publisher.stdout.readline()
        store = Store(tmp_path)
        catalog.refresh(store)
        sql = "select dataset, count(*), count(distinct text) from posts group by dataset order by 1"
        for turn in range(QUERIES):
            file = f"{tmp_path}/{catalog.FILE}"
            with duckdb.connect(file, read_only=True) if turn % 2 else catalog.connect(store) as connection:
                assert connection.sql(sql).fetchall() == [("a", POSTS * PARTS, 1), ("b", POSTS * PARTS, 1)]
    finally:
        for publisher in publishers:
            publisher.kill()
    for publisher in publishers:
        assert publisher.communicate()[1] == ""
    assert {record.document for record in Store(tmp_path).records()} == set(store.documents())
