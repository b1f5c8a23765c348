"""Rows of `post_scores`: what one post gives, and back to the tables they were made from."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmkp_core.data.post import Post, Prediction
from mmkp_core.errors import Mismatch
from mmkp_core.evaluation.post_scores import blocks, read_tables, rows_with
from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.tables.evaluation import POST_SCORES

POSTS = [
    Post(post_id="a", text="my cats sleep", keyphrases=("cat", "sunday")),
    Post(post_id="b", text="hoops tonight", keyphrases=("nba",)),
    Post(post_id="c", text="nobody tagged this"),
]
PREDICTIONS = [Prediction("a", ("cats", "monday")), Prediction("b", ("hoops", "nba")), Prediction("c", ("x",))]
CARD = evaluate(
    POSTS,
    PREDICTIONS,
    EvaluateSpec(resamples=0),
    train_keyphrases=[("cat",)],
    kinds={"a": {"sunday": "day"}},
    leaked={"b"},
)


def rows(*heads: str) -> pa.Table:
    made = [block for head in heads or ("phrases",) for table in CARD.tables.values() for block in blocks(head, table)]
    return pa.concat_tables(made)


def test_a_post_has_a_row_for_each_protocol_and_metric() -> None:
    table = rows()
    assert table.schema.equals(POST_SCORES.schema)
    [row] = [
        row for row in table.to_pylist() if (row["post_id"], row["protocol"], row["metric"]) == ("a", "cmkp", "r@1")
    ]
    assert row["value"] == 1 / 2
    assert dict(row["slices"]) == {
        "present": 1, "absent": 0, "seen": 1, "unseen": 0, "not leaked": 1 / 2, "kind:day": 0,
    }  # fmt: skip


def test_a_post_without_gold_phrases_is_in_no_average() -> None:
    assert {(row["value"], tuple(row["slices"])) for row in rows().to_pylist() if row["post_id"] == "c"} == {(None, ())}


def test_the_mean_of_the_rows_is_the_score() -> None:
    given = [row for row in rows().to_pylist() if (row["protocol"], row["metric"]) == ("strict", "f1@3")]
    values = [row["value"] for row in given if row["value"] is not None]
    assert sum(values) / len(values) == CARD.document()["protocols"]["strict"]["scores"]["all"]["f1@3"]


def test_tables_come_back_as_they_were() -> None:
    file = io.BytesIO()
    with pq.ParquetWriter(file, POST_SCORES.schema) as writer:
        for head in ("first", "second"):
            for table in CARD.tables.values():
                for block in blocks(head, table):
                    writer.write_table(block)
    found = read_tables(pq.read_table(file))
    assert list(found) == ["first", "second"]
    for protocol, table in CARD.tables.items():
        back = found["second"][protocol]
        assert (back.post_ids, list(back.slices)) == (table.post_ids, list(table.slices))
        for name, part in table.slices.items():
            again = back.slices[name]
            np.testing.assert_array_equal(again.entered, part.entered)
            assert list(again.metrics.items()) == list(part.metrics.items())
            assert [again.value(metric) for metric in part.metrics] == [part.value(metric) for metric in part.metrics]


def test_only_what_is_asked_for_is_read() -> None:
    selection = {("cmkp", "f1@1"): ("all", "seen"), ("cmkp", "r@5"): ("kind:",), ("strict", "map@5"): ("all",)}
    filtered = rows().filter(rows_with(selection))
    assert set(filtered["metric"].to_pylist()) == {"p@1", "r@1", "r@5", "map@5"}
    found = read_tables(rows(), selection)["phrases"]
    assert {(p, name, m) for p, t in found.items() for name, part in t.slices.items() for m in part.metrics} == {
        *(("cmkp", name, metric) for name in ("all", "seen") for metric in ("f1@1", "p@1", "r@1")),
        ("cmkp", "kind:day", "r@5"),
        ("strict", "all", "map@5"),
    }
    assert found["cmkp"].slices["seen"].value("f1@1") == CARD.tables["cmkp"].slices["seen"].value("f1@1")


def test_rows_of_two_artifacts_are_refused() -> None:
    with pytest.raises(Mismatch, match="of one artifact"):
        read_tables(pa.concat_tables([rows(), rows()]))


def test_no_rows_are_no_tables() -> None:
    assert read_tables(POST_SCORES.schema.empty_table()) == {}
