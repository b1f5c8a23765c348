"""How far a score would move with other posts, and whether one system is better than another.

Percentile bootstrap over posts: draw as many posts as there are, with replacement, and score the draw. A draw is a
row of counts per post, so ten thousand draws of every metric are one matrix product (no loop over posts, whatever
the metric). Systems are compared on the same draws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmkp_core.errors import Mismatch, UnknownName
from mmkp_core.evaluation.bootstrap import Figures
from mmkp_core.evaluation.score_table import ScoreTable, SliceTable, Values
from mmkp_core.seeding import generator

Interval = tuple[float, float]
Mark = Literal["best", "tied", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling:
    """How posts are drawn; `seed` is that of the drawing."""

    resamples: int = 10_000
    confidence: float = 0.95
    seed: int = 0

    def interval(self, draws: Values) -> Interval:
        low, high = np.quantile(draws, [(1 - self.confidence) / 2, (1 + self.confidence) / 2])
        return float(low), float(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`difference` is ours minus theirs, averaged over training seeds; `p_value` is two-sided."""

    slice: str
    metric: str
    ours: float
    theirs: float
    difference: float
    low: float
    high: float
    p_value: float
    posts: int

    @property
    def better(self) -> bool:
        """Better with significance: the whole interval lies above 0."""
        return self.low > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One system's figure, averaged over its training seeds, with its interval over posts and seeds."""

    value: float
    low: float
    high: float
    mark: Mark
    """`tied`: not significantly below the best. No correction is made for the number of systems."""
    posts: int


def intervals(tables: Sequence[ScoreTable], resampling: Resampling) -> dict[tuple[str, str, str], Interval]:
    """The percentile interval of every figure, by protocol, slice and metric; all tables are of the same posts."""
    figures = Figures()
    asked = [
        (table.protocol, name, metric, at)
        for table in tables
        for name, part in table.slices.items()
        for metric, at in zip(part.metrics, figures.add(part, *part.metrics), strict=True)
    ]
    drawn = figures.draw(resampling.resamples, resampling.seed)
    return {(protocol, name, metric): resampling.interval(drawn[at]) for protocol, name, metric, at in asked}


def compare(
    ours: Sequence[ScoreTable],
    theirs: Sequence[ScoreTable],
    figures: Sequence[tuple[str, str]] = (("all", "f1@1"),),
    resampling: Resampling = Resampling(),
) -> list[Comparison]:
    """Paired bootstrap test of two systems on the same posts, each with one table per training seed.

    One comparison for each of `figures`, which are slices and metrics. Where a system has several seeds each draw also
    draws among them, so that luck of training counts as spread.
    """
    samples = _samples({"ours": ours, "theirs": theirs}, figures, resampling)
    found = []
    for (name, metric), by_system in samples.items():
        (our_value, our_draws), (their_value, their_draws) = by_system["ours"], by_system["theirs"]
        difference = our_draws - their_draws
        low, high = resampling.interval(difference)
        against = 1 + min(int((difference <= 0).sum()), int((difference >= 0).sum()))
        found.append(
            Comparison(
                slice=name,
                metric=metric,
                ours=our_value,
                theirs=their_value,
                difference=our_value - their_value,
                low=low,
                high=high,
                p_value=min(1.0, 2 * against / (resampling.resamples + 1)),
                posts=ours[0].slices[name].posts,
            )
        )
    return found


def standings(
    systems: Mapping[str, Sequence[ScoreTable]],
    figures: Sequence[tuple[str, str]],
    resampling: Resampling = Resampling(),
) -> dict[tuple[str, str], dict[str, Standing]]:
    """(slice, metric) -> system -> where it stands, on the same draws of posts; a table per training seed."""
    found = {}
    for (name, metric), by_system in _samples(systems, figures, resampling).items():
        best = max(by_system, key=lambda system: by_system[system][0])
        best_value, best_draws = by_system[best]
        found[name, metric] = {
            system: Standing(
                value=value,
                low=low,
                high=high,
                mark="best" if system == best else "tied" if tied else "",
                posts=systems[system][0].slices[name].posts,
            )
            for system, (value, draws) in by_system.items()
            for low, high in [resampling.interval(draws)]
            for tied in [value == best_value or resampling.interval(best_draws - draws)[0] <= 0]
        }
    return found


def _samples(
    systems: Mapping[str, Sequence[ScoreTable]], figures: Sequence[tuple[str, str]], resampling: Resampling
) -> dict[tuple[str, str], dict[str, tuple[float, Values]]]:
    """(slice, metric) -> system -> the value and its draws, both averaged over training seeds."""
    every = [table for of_system in systems.values() for table in of_system]
    for table in every:
        if (table.protocol, table.post_ids) != (every[0].protocol, every[0].post_ids):
            raise Mismatch("only tables of one protocol over the same posts, in the same order, can be compared")
    drawn = Figures()
    seeds = generator(resampling.seed, "bootstrap", "training seeds")
    picks = [seeds.integers(0, len(tables), size=(resampling.resamples, len(tables))) for tables in systems.values()]
    for name, metric in figures:
        for tables, picked in zip(systems.values(), picks, strict=True):
            drawn.add_mean([_part(table, name, metric) for table in tables], metric, picked)
    draws = iter(drawn.draw(resampling.resamples, resampling.seed))
    return {
        (name, metric): {
            system: (float(np.mean([table.slices[name].value(metric) for table in tables])), next(draws))
            for system, tables in systems.items()
        }
        for name, metric in figures
    }


def _part(table: ScoreTable, name: str, metric: str) -> SliceTable:
    part = table.slice(name)
    if metric not in part.metrics:
        raise UnknownName("metric", metric, part.metrics)
    return part
