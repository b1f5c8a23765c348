"""Two systems beside each other on posts that both predict for and neither trained on, from their post scores."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mmkp_core.evaluation.score_table import ScoreTable, joined
from mmkp_core.evaluation.significance import Comparison, Resampling, compare

METRICS = ("f1@1", "f1@3", "map@5")
LABEL_SLICES = ("seen", "unseen")
"""Slices that hang on the training posts' labels."""
LEAK_SLICES = ("leaked", "not leaked")


@dataclass(frozen=True, slots=True, eq=False)
class ScoredSet:
    """Post scores of one run on some posts of a data set."""

    table: ScoreTable
    trained: frozenset[str] = frozenset()
    """Ids of posts that the run trained or validated on."""

    def post_ids(self) -> set[str]:
        """Posts that count: with gold phrases, and not trained on."""
        entered = self.table.slices["all"].entered
        return {self.table.post_ids[row] for row in np.flatnonzero(entered)} - self.trained


def common_posts(sides: Iterable[Sequence[ScoredSet]]) -> set[str]:
    """The posts that every run has scores on."""
    return set.intersection(*(set().union(*(one.post_ids() for one in sets)) for sets in sides))


def compare_sets(
    ours: Sequence[Sequence[ScoredSet]],
    theirs: Sequence[Sequence[ScoredSet]],
    post_ids: Sequence[str],
    *,
    labels_alike: bool,
    confidence: float,
) -> list[Comparison]:
    """Every slice and metric of two systems, each with its runs' sets, one run per training seed.

    `labels_alike`: all were trained on the same posts, so that seen and unseen mean the same for them.
    """
    first, second = ([_of_posts(sets, post_ids, labels_alike) for sets in side] for side in (ours, theirs))
    known = [set(table.slices) for table in (*first, *second)]
    figures = [
        (name, metric)
        for name, part in first[0].slices.items()
        for metric in METRICS
        if metric in part.metrics and all(name in slices for slices in known)
    ]
    return compare(first, second, figures, Resampling(confidence=confidence))


def _of_posts(sets: Sequence[ScoredSet], post_ids: Sequence[str], labels_alike: bool) -> ScoreTable:
    table = joined([one.table for one in sets], post_ids)
    return table.without((*LEAK_SLICES, *(() if labels_alike else LABEL_SLICES)))
