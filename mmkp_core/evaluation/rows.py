"""A scorecard as rows of the tables that an evaluation leaves, one head of a system at a time."""

from collections.abc import Iterator

import pyarrow as pa

from mmkp_core.evaluation.post_scores import blocks
from mmkp_core.evaluation.scorecard import Scorecard
from mmkp_core.tables.evaluation import HITS, SCORES

HITS_PROTOCOL = "cmkp"
"""Whose equality of phrases `correct` states; the protocols agree on it."""


def score_rows(head: str, card: Scorecard) -> pa.Table:
    names = [name for name in SCORES.schema.names if name != "head"]
    rows = [{"head": head, **{name: getattr(score, name) for name in names}} for score in card.scores]
    return pa.Table.from_pylist(rows, schema=SCORES.schema)


def hit_rows(head: str, card: Scorecard) -> pa.Table:
    columns = card.hits.columns()
    size = len(columns["post_id"])
    named = {"head": [head] * size, "protocol": [HITS_PROTOCOL] * size, **columns, "correct": columns["right"]}
    return pa.table(
        {name: pa.array(named[name], HITS.schema.field(name).type) for name in HITS.schema.names}, schema=HITS.schema
    )


def post_score_rows(head: str, card: Scorecard) -> Iterator[pa.Table]:
    """A table for each protocol and metric, to be written as a row group of its own."""
    for table in card.tables.values():
        yield from blocks(head, table)
