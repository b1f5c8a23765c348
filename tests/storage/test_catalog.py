"""The catalog: documented views of a store as it is now, readable by others while it changes."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mmkp_core.data.batches import Counts
from mmkp_core.data.post import Post
from mmkp_core.data.post_rows import row_of_post
from mmkp_core.identity import ArtifactRef
from mmkp_core.tables.evaluation import HITS, POST_SCORES, SCORES
from mmkp_core.tables.posts import IMAGES, POSTS, QUARANTINE
from mmkp_core.tables.runs import CURVES, PREDICTIONS
from mmkp_core.tables.splits import OVERLAP_PAIRS, SPLITS
from mmkp_core.tables.table import Table
from mmkp_core.tables.teacher import RATIONALES
from mmkp_core.tables.views import VIEWS
from mmkp_core.tables.vision import ATTRIBUTES, ENTITIES, GIVEN, OCR
from storage import catalog
from storage.draft import Draft
from storage.facts import (
    DatasetFacts,
    DecisionFacts,
    PartFacts,
    PostsFacts,
    PredictionsFacts,
    RunFacts,
    ScoresFacts,
    SplitFacts,
)
from storage.records import Record
from storage.store import Store

VALUES: Mapping[str, Any] = {
    "VARCHAR": "x",
    "VARCHAR[]": ["x"],
    "DOUBLE[]": [0.5],
    "BIGINT": 1,
    "DOUBLE": 0.5,
    "BOOLEAN": True,
    "TIMESTAMP WITH TIME ZONE": None,
    "MAP(VARCHAR, DOUBLE)": [("all", 0.5)],
    'STRUCT("text" VARCHAR, "score" DOUBLE, "box" DOUBLE[])[]': [],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "it's a store")


def add(
    store: Store, kind: str, facts: Any, tables: Mapping[Table, list[dict[str, Any]]], *inputs: Record, group: str = ""
) -> Record:
    def build(draft: Draft) -> None:
        draft.facts = facts
        for table, rows in tables.items():
            draft.write_table(table, rows)

    spec = {"facts": facts, "tables": {table.name: rows for table, rows in tables.items()}}
    return store.build(kind, spec, [record.ref for record in inputs], 1, build, group=group)[0]


def add_dataset(store: Store, name: str, *posts: Post) -> Record:
    part = add(store, "posts", PostsFacts(counts=Counts()), {POSTS: [row_of_post(post) for post in posts]})
    dataset = add(store, "dataset", DatasetFacts(counts=Counts()), {}, part)
    store.point(f"dataset/{name}", dataset.ref, "made by a test")
    return dataset


def add_split(store: Store, name: str, dataset: Record, seed: int = 0) -> Record:
    facts = SplitFacts(kind="random", dataset=dataset.ref.address, clusters=seed)
    split = add(store, "split", facts, {SPLITS: [row(SPLITS)], OVERLAP_PAIRS: [row(OVERLAP_PAIRS)]}, dataset)
    store.point(f"split/{name}", split.ref, "made by a test")
    return split


def add_run(store: Store, name: str, split: Record, seed: int = 0) -> Record:
    facts = RunFacts(
        system="copy",
        family="classic",
        heads=("phrases",),
        seed=seed,
        split=split.ref.address,
        dataset=split.states(SplitFacts).dataset,
        train_posts=1,
        valid_posts=0,
        epochs=1,
        parameters=1,
        device="cpu",
    )
    run = add(store, "run", facts, {CURVES: [row(CURVES)]}, split)
    store.point(f"run/{name}", run.ref, "made by a test")
    return run


def add_scores(store: Store, run: Record, phrase: str = "x") -> Record:
    """Predictions of a run in one part, and their scores."""
    trained = run.states(RunFacts)
    answers = add(
        store, "answers", PartFacts(), {PREDICTIONS: [{**row(PREDICTIONS), "phrases": [phrase]}]}, run, group="g"
    )
    facts = PredictionsFacts(
        run=run.ref.address,
        system=trained.system,
        dataset=trained.dataset,
        split=trained.split,
        part="test",
        inputs="both",
        heads=("phrases",),
        posts=1,
        without_image=0,
    )
    predictions = add(store, "predictions", facts, {}, run, answers)
    of = ScoresFacts(
        run=facts.run,
        system=facts.system,
        dataset=facts.dataset,
        split=facts.split,
        part="test",
        inputs="both",
        predictions=predictions.ref.address,
        heads=("phrases",),
        posts=1,
        confidence=0.95,
    )
    tables = {table: [row(table)] for table in (SCORES, HITS, POST_SCORES)}
    return add(store, "scores", of, tables, predictions)


def row(table: Table) -> dict[str, Any]:
    return {column.name: VALUES[column.sql] for column in table.columns}


def fill(store: Store) -> None:
    """Something in every view."""
    given = {table: [row(table)] for table in (*GIVEN.values(), IMAGES, QUARANTINE)}
    post = row_of_post(Post(post_id="1", text="one"))
    part = add(store, "posts", PostsFacts(counts=Counts()), {POSTS: [post], **given})
    dataset = add(store, "dataset", DatasetFacts(counts=Counts()), {}, part)
    store.point("dataset/all", dataset.ref, "made by a test")
    for table in (OCR, ATTRIBUTES, ENTITIES):
        add(store, table.name, PartFacts(), {table: [row(table)]}, group="engine")
    add(store, "replies", PartFacts(), {RATIONALES: [row(RATIONALES)]}, group="teacher")
    run = add_run(store, "a", add_split(store, "all", dataset))
    add_scores(store, run)
    decision = DecisionFacts(
        name="default", verdict="first", champion=None, challenger=run.ref.address, metric="f1@1", reasons=("first",)
    )
    add(store, "decision", decision, {}, run)


def rows(store: Store, sql: str) -> list[Any]:
    with catalog.connect(store) as connection:
        return connection.sql(sql).fetchall()


def file(store: Store) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(f"{store.objects.base}/{catalog.FILE}", read_only=True)


def test_every_view_is_there_before_any_row_is(store: Store) -> None:
    with catalog.connect(store) as connection:
        assert {name: connection.sql(f'select * from "{name}"').fetchall() for name in VIEWS} == {
            name: [] for name in VIEWS
        }


@pytest.mark.parametrize("full", [False, True], ids=["empty", "full"])
def test_the_documented_columns_are_the_real_ones(store: Store, full: bool) -> None:
    if full:
        fill(store)
    catalog.refresh(store)
    with file(store) as connection:
        for name, view in VIEWS.items():
            described = [(column, kind) for column, kind, *_ in connection.sql(f'describe "{name}"').fetchall()]
            assert described == [(column.name, column.sql) for column in view.columns]
            assert bool(connection.sql(f'select * from "{name}"').fetchall()) == (full and name != "left_out")
        comments = (
            "select column_name, comment from duckdb_columns() where table_name = 'scores' and schema_name = 'main'"
        )
        assert dict(connection.sql(comments).fetchall()) == {c.name: c.about for c in VIEWS["scores"].columns}


def test_given_rows_stand_beside_an_engines(store: Store) -> None:
    fill(store)
    assert rows(store, "select engine_fingerprint = 'engine', status, words from ocr order by 1") == [
        (False, "given", "x"),
        (True, "x", "x"),
    ]
    assert rows(store, "select count(*) from attributes") == [(2,)]
    assert rows(store, "select count(*) from entities") == [(2,)]


def test_the_file_shows_what_was_there_when_it_was_refreshed(store: Store) -> None:
    add_dataset(store, "a", Post(post_id="1", text="one", keyphrases=("x", "y")))
    catalog.refresh(store)
    with file(store) as connection:
        assert connection.sql("select dataset, post_id, text, keyphrases from posts").fetchall() == [
            ("a", "1", "one", ["x", "y"])
        ]
    add_dataset(store, "b", Post(post_id="1", text="other"))
    assert rows(store, "select dataset from posts order by 1") == [("a",), ("b",)]
    catalog.refresh(store)
    with file(store) as connection:
        assert connection.sql("select dataset from posts order by 1").fetchall() == [("a",), ("b",)]


def test_posts_follow_the_name_and_every_version_stays_reachable(store: Store) -> None:
    old = add_dataset(store, "a", Post(post_id="1", text="old"))
    new = add(store, "dataset", DatasetFacts(counts=Counts(read=2)), {})
    store.point("dataset/a", new.ref, "emptied")
    assert rows(store, "select * from posts") == []
    assert (old.ref.address,) in rows(store, "select artifact from artifacts")
    assert rows(store, "select number, current, reason from names order by 1") == [
        (1, False, "made by a test"),
        (2, True, "emptied"),
    ]


def test_a_part_that_two_data_sets_share_is_in_both(store: Store) -> None:
    dataset = add_dataset(store, "a", Post(post_id="1", text="one"))
    store.point("dataset/b", dataset.ref, "the same")
    assert rows(store, "select dataset, text from posts order by 1") == [("a", "one"), ("b", "one")]


def test_runs_are_current_while_names_mean_them_and_their_split(store: Store) -> None:
    dataset = add_dataset(store, "d", Post(post_id="1", text="one"))
    split = add_split(store, "s", dataset)
    old, new = add_run(store, "a", split), add_run(store, "a", split, seed=1)
    for run in (old, new):
        add_scores(store, run)
    assert rows(store, "select seed, current from runs order by 1") == [(0, False), (1, True)]
    for view in ("predictions", "scores", "hits", "post_scores"):
        assert rows(store, f"select run_artifact, inputs from {view} where current") == [(new.ref.address, "both")]
    store.point("champion/default", old.ref, "rolled back")
    assert rows(store, "select seed, current from runs order by 1") == [(0, True), (1, True)]
    add_split(store, "s", dataset, seed=1)
    assert rows(store, "select seed, current from runs order by 1") == [(0, False), (1, False)]
    assert rows(store, "select count(*) from scores where current") == [(0,)]
    store.point("split/first", split.ref, "another name for it")
    assert rows(store, "select count(*) from scores where current") == [(2,)]


def test_many_runs_are_shown_as_few_are(store: Store) -> None:
    split = add_split(store, "s", add_dataset(store, "d", Post(post_id="1", text="one")))
    for number in range(catalog.FEW + 4):
        add_scores(store, add_run(store, f"r{number:02d}", split, seed=number), phrase=f"p{number:02d}")
    catalog.refresh(store)
    with file(store) as connection:
        assert connection.sql("select run, dataset, split, phrases from predictions order by 1").fetchall() == [
            (f"r{number:02d}", "d", "s", [f"p{number:02d}"]) for number in range(catalog.FEW + 4)
        ]
        assert connection.sql("select count(distinct run) from post_scores where current").fetchall() == [(12,)]
        assert {name for (name,) in connection.sql("show tables").fetchall()} == set(VIEWS)


def test_what_each_metric_gave_a_post_is_a_row_with_its_slices(store: Store) -> None:
    fill(store)
    assert rows(store, "select run, post_id, metric, value, slices['all'] from post_scores") == [
        ("a", "x", "x", 0.5, 0.5)
    ]


def test_a_reader_that_holds_the_file_open_neither_blocks_nor_breaks_a_refresh(store: Store) -> None:
    add_dataset(store, "a", Post(post_id="1", text="one"))
    catalog.refresh(store)
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
        catalog.refresh(store)
        with file(store) as connection:
            assert connection.sql("select count(*) from posts").fetchall() == [(2,)]
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline().strip() == "1"


def test_the_file_opens_from_another_folder(store: Store, tmp_path: Path) -> None:
    add_dataset(store, "a", Post(post_id="1", text="one"))
    catalog.refresh(store)
    code = f"""
import duckdb
print(duckdb.connect({store.objects.base + "/" + catalog.FILE!r}, read_only=True).sql("from posts").fetchall()[0][1])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


@pytest.mark.fault(17, 19)
def test_an_artifact_whose_file_is_gone_is_left_out_and_said(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    add_dataset(store, "a", Post(post_id="1", text="one"))
    part = next(store.records("posts"))
    os.remove(store.objects.full(part.path("posts.parquet")))
    assert rows(store, "select * from posts") == []
    assert rows(store, "select artifact, damaged from artifacts where damaged is not null") == [
        (part.ref.address, ["posts.parquet"])
    ]
    assert part.ref.address in caplog.text


def test_a_full_refresh_finds_what_was_copied_in_by_hand(store: Store) -> None:
    dataset = add_dataset(store, "a", Post(post_id="1", text="one"))
    store.index.gather()
    copied = replace(dataset, ref=ArtifactRef("dataset", "copied"))
    store.objects.put(copied.document, copied.to_json())
    found = "select count(*) from artifacts where fingerprint = 'copied'"
    assert rows(store, found) == [(0,)]
    catalog.refresh(store, full=True)
    assert rows(store, found) == [(1,)]


def test_a_store_in_memory_is_queried_the_same_way(tmp_path: Path) -> None:
    store = Store(f"memory://{tmp_path}")
    fill(store)
    catalog.refresh(store)  # there is no file beside a store on object storage
    with catalog.connect(store) as connection:
        assert connection.sql("select text from posts").fetchall() == [("one",)]
        for number in range(catalog.FEW + 1):
            add_dataset(store, f"d{number}", Post(post_id="1", text=f"text {number}"))
    assert rows(store, "select text from posts where dataset = 'd3'") == [("text 3",)]
