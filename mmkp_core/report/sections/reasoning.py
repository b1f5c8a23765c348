"""Scores by length of the answer, for systems that write theirs out and at times reason before it."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from mmkp_core.evaluation.effort import Effort, by_effort, token_bounds
from mmkp_core.report.entrants import Entrant
from mmkp_core.report.score_rows import Cell, ReasoningRow
from mmkp_core.report.sections.scores import MAIN

LEAST_REASONED = 0.05  # of its answers: a stray one makes no system that reasons
COLUMNS = ("post_id", "head", "tokens", "steps", "seconds", "reasoning")


def reasoning(rows: Sequence[Entrant], split: str = "") -> Iterator[ReasoningRow]:
    """The first training seed of each system that reasons, on groups of posts that are the same for all of them."""
    efforts: dict[Entrant, dict[str, Effort]] = {}
    for row in rows:
        written = _efforts(row.first.predictions(), row.heads[0]) if row.tables(MAIN[0]) else {}
        if written and sum(effort.reasoned for effort in written.values()) >= LEAST_REASONED * len(written):
            efforts[row] = written
    bounds = token_bounds(effort for written in efforts.values() for effort in written.values())
    for row, written in efforts.items():
        for found in by_effort(row.tables(MAIN[0])[0], written, bounds, metric=MAIN[1]):
            yield ReasoningRow(
                system=", ".join(filter(None, (row.label(), split))),
                bucket=found.group,
                mean_tokens=found.tokens,
                mean_steps=found.steps,
                mean_seconds=found.seconds,
                posts=found.posts,
                cell=Cell(found.value, found.low, found.high),
            )


def _efforts(predictions: pa.Table, head: str) -> dict[str, Effort]:
    """post id -> what its answer took, where the system writes its answers out"""
    if predictions["tokens"].null_count == len(predictions):
        return {}
    return {
        row["post_id"]: Effort(bool(row["reasoning"]), row["tokens"], row["steps"], row["seconds"])
        for row in predictions.select(COLUMNS).to_pylist()
        if row["head"] == head and row["tokens"] is not None
    }
