"""The leak effect: what a system gains on test posts from duplicates of them among its training posts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mmkp_core.evaluation.score_table import ScoreTable
from mmkp_core.evaluation.significance import Comparison, Resampling, Standing, compare, standings
from mmkp_core.evaluation.slices import LEAKED

INTERVALS = 2_000
"""Resamples behind the intervals of the two scores; the differences have the full number."""


@dataclass(frozen=True, slots=True)
class LeakEffect:
    """Scores of one system on the leaked test posts, with their duplicates trained on and without."""

    posts: int
    leaked: Standing
    purged: Standing
    difference: Comparison
    """On the leaked posts."""
    difference_of_all: Comparison
    """The same over all test posts."""


def leak_effect(
    leaky: Sequence[ScoreTable], purged: Sequence[ScoreTable], metric: str, resampling: Resampling
) -> LeakEffect | None:
    """Both sides are of the same test posts, a table per training seed; None where no test post leaks."""
    if LEAKED not in leaky[0].slices:
        return None
    without = [_with_leaked(table, leaky[0]) for table in purged]
    fewer = replace(resampling, resamples=INTERVALS)
    [with_them, without_them] = (
        standings({"": side}, [(LEAKED, metric)], fewer)[LEAKED, metric][""] for side in (leaky, without)
    )
    of_leaked, of_all = compare(leaky, without, [(LEAKED, metric), ("all", metric)], resampling)
    return LeakEffect(with_them.posts, with_them, without_them, of_leaked, of_all)


def _with_leaked(table: ScoreTable, leaky: ScoreTable) -> ScoreTable:
    """A table whose slice of leaked posts holds the posts that leak in `leaky`."""
    part = table.slices["all"].only(leaky.slices[LEAKED].entered)
    return replace(table, slices={**table.slices, LEAKED: part})
