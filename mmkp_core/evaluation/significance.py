"""How far would a score move with other posts, and is one system better than another?

Percentile bootstrap over posts: draw as many posts as there are, with replacement, and score the draw. A draw is a
row of counts per post, so ten thousand draws of every metric are one matrix product (no loop over posts, whatever
the metric). Two systems are compared on the same draws.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from mmkp_core.errors import Mismatch, UnknownName
from mmkp_core.evaluation.protocols import ScoreTable, SliceTable, harmonic
from mmkp_core.seeding import generator

Values = npt.NDArray[np.float64]
Interval = tuple[float, float]

UNITS = 10_000
"""Above so many posts, random bundles of posts are drawn instead: the spread of a mean is the same to about 1 %, and a
million posts cost what ten thousand do."""
DRAWN_AT_ONCE = 1 << 22
"""Post counts held at a time: 16 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`difference` is ours less theirs, averaged over seeds; `p_value` is two-sided."""

    slice: str
    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    posts: int

    @property
    def better(self) -> bool:
        """Better with significance: the whole interval lies above 0."""
        return self.low > 0


def intervals(
    tables: Sequence[ScoreTable], *, resamples: int, confidence: float, seed: int
) -> dict[tuple[str, str, str], Interval]:
    """The percentile interval of every figure, by protocol, slice and metric; all tables are of the same posts."""
    bounds = [(1 - confidence) / 2, (1 + confidence) / 2]
    parts = {(table.protocol, name): part for table in tables for name, part in table.slices.items()}
    found: dict[tuple[str, str, str], Interval] = {}
    for (protocol, name), drawn in zip(parts, _draws(list(parts.values()), resamples, seed), strict=True):
        for metric, values in drawn.items():
            low, high = np.quantile(values, bounds)
            found[protocol, name, metric] = (float(low), float(high))
    return found


def compare(
    ours: Sequence[ScoreTable],
    theirs: Sequence[ScoreTable],
    *,
    slice: str = "all",
    metric: str = "f1@1",
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Paired bootstrap test of two systems on the same posts, each with one table per training seed.

    Where a system has several seeds each draw also draws among them, so that luck of training counts as spread.
    """
    samples = _samples({"ours": ours, "theirs": theirs}, slice, metric, resamples, seed)
    (our_value, our_draws), (their_value, their_draws) = samples["ours"], samples["theirs"]
    difference = our_draws - their_draws
    low, high = np.quantile(difference, [(1 - confidence) / 2, (1 + confidence) / 2])
    against = 1 + min(int((difference <= 0).sum()), int((difference >= 0).sum()))
    return Comparison(
        slice=slice,
        metric=metric,
        difference=our_value - their_value,
        low=float(low),
        high=float(high),
        p_value=min(1.0, 2 * against / (resamples + 1)),
        posts=ours[0].slices[slice].posts,
    )


def standings(
    tables: Mapping[str, Sequence[ScoreTable]],
    *,
    slice: str = "all",
    metric: str = "f1@1",
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Literal["best", "tied", ""]]:
    """Per system: the best, `tied` (not significantly below the best), or neither.

    Each is compared with the best alone; no correction is made for the number of systems.
    """
    samples = _samples(tables, slice, metric, resamples, seed)
    best = max(samples, key=lambda system: samples[system][0])
    marks: dict[str, Literal["best", "tied", ""]] = {}
    for system, (value, draws) in samples.items():
        behind = float(np.quantile(samples[best][1] - draws, (1 - confidence) / 2))
        tied = value == samples[best][0] or behind <= 0
        marks[system] = "best" if system == best else "tied" if tied else ""
    return marks


def _samples(
    tables: Mapping[str, Sequence[ScoreTable]], slice: str, metric: str, resamples: int, seed: int
) -> dict[str, tuple[float, Values]]:
    """Per system the value and its draws, both averaged over training seeds."""
    every = [table for of_system in tables.values() for table in of_system]
    for table in every:
        if (table.protocol, table.post_ids) != (every[0].protocol, every[0].post_ids):
            raise Mismatch("only tables of one protocol over the same posts, in the same order, can be compared")
        if slice not in table.slices:
            raise UnknownName("slice", slice, table.slices)
        if metric not in table.slices[slice].metrics:
            raise UnknownName("metric", metric, table.slices[slice].metrics)
    parts = [table.slices[slice] for table in every]
    only = [SliceTable(part.entered, part.columns, {metric: part.metrics[metric]}) for part in parts]
    drawn = iter(_draws(only, resamples, seed))
    seeds = generator(seed, "bootstrap", "training seeds")
    found: dict[str, tuple[float, Values]] = {}
    for system, of_system in tables.items():
        draws = np.stack([next(drawn)[metric] for _ in of_system], axis=1)
        picked = seeds.integers(0, len(of_system), size=draws.shape)
        value = float(np.mean([table.slices[slice].value(metric) for table in of_system]))
        found[system] = value, np.take_along_axis(draws, picked, axis=1).mean(axis=1)
    return found


def _draws(parts: Sequence[SliceTable], resamples: int, seed: int) -> list[dict[str, Values]]:
    """Per slice and metric the [resamples] values, all from the same draws."""
    posts = len(parts[0].entered) if parts else 0
    units = min(posts, UNITS)
    shuffled = generator(seed, "bootstrap", "bundles").permutation(posts) if posts > UNITS else None
    edges = np.arange(units) * posts // max(units, 1)

    def by_unit(column: Values) -> Values:
        return column if shuffled is None else np.add.reduceat(column[shuffled], edges)

    asked = [sorted({column for metric in part.metrics.values() for column in metric}) for part in parts]
    stacked = [
        by_unit(column)
        for part, names in zip(parts, asked, strict=True)
        for column in (part.entered.astype(np.float64), *(part.columns[name] for name in names))
    ]
    if not stacked:
        return []
    matrix = np.stack(stacked, axis=1).astype(np.float32)
    sums = np.concatenate([counts @ matrix for counts in _counts(units, resamples, seed)]).astype(np.float64)
    found: list[dict[str, Values]] = []
    at = 0
    for part, names in zip(parts, asked, strict=True):
        entered = np.maximum(sums[:, at], 1)  # a draw without a post of the slice scores 0
        means = {name: sums[:, at + 1 + i] / entered for i, name in enumerate(names)}
        at += 1 + len(names)
        found.append(
            {
                metric: harmonic(*(means[name] for name in of)) if len(of) == 2 else means[of[0]]
                for metric, of in part.metrics.items()
            }
        )
    return found


def _counts(units: int, resamples: int, seed: int) -> Iterator[npt.NDArray[np.float32]]:
    """[draws, units] how often each unit was drawn, in blocks that fit the cache."""
    random = generator(seed, "bootstrap", "draws")
    at_once = max(1, DRAWN_AT_ONCE // max(units, 1))
    for done in range(0, resamples, at_once):
        draws = min(at_once, resamples - done)
        picked = random.integers(0, units, size=(draws, units), dtype=np.int32)
        picked += (np.arange(draws, dtype=np.int32) * units)[:, None]
        yield np.bincount(picked.ravel(), minlength=draws * units).reshape(draws, units).astype(np.float32)
