"""Draws of posts with replacement, and the value of a figure in each draw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmkp_core.evaluation.score_table import SliceTable, Values, harmonic
from mmkp_core.seeding import generator

UNITS = 10_000
"""Above so many posts, random bundles of posts are drawn instead: the spread of a mean is the same to about 1 %, and a
million posts cost what ten thousand do."""
DRAWN_AT_ONCE = 1 << 22
"""Post counts held at a time: 16 MiB."""

Picks = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Figure:
    """Where the columns stand that one metric of one slice is made of."""

    entered: int
    of: tuple[int, ...]

    def values(self, sums: Values) -> Values:
        posts = np.maximum(sums[self.entered], 1)  # a draw without a post of the slice scores 0
        means = [sums[at] / posts for at in self.of]
        return harmonic(*means) if len(means) == 2 else means[0]


class Figures:
    """Figures over the same posts that are drawn together."""

    def __init__(self) -> None:
        self._columns: list[npt.NDArray[np.generic]] = []
        self._places: dict[SliceTable, dict[str, int]] = {}
        self._figures: list[tuple[tuple[_Figure, ...], Picks | None]] = []

    def add(self, part: SliceTable, *metrics: str) -> list[int]:
        """More figures of one slice; the rows in which `draw` gives them."""
        return [self._add((figure,), None) for figure in self._of(part, metrics)]

    def add_mean(self, parts: Sequence[SliceTable], metric: str, picked: Picks) -> int:
        """The mean of a metric over as many parts as `picked`, [resamples, parts], chooses among these in each draw."""
        return self._add(tuple(self._of(part, [metric])[0] for part in parts), picked)

    def draw(self, resamples: int, seed: int) -> Values:
        """[figures, resamples]"""
        found = np.empty((len(self._figures), resamples))
        if not self._figures:
            return found
        units, matrix = _by_unit(self._columns, seed)
        done = 0
        for counts in _counts(units, resamples, seed):
            sums = (counts @ matrix).T.astype(np.float64, order="C")
            here = slice(done, done + len(counts))
            for at, (figures, picked) in enumerate(self._figures):
                values = np.stack([figure.values(sums) for figure in figures], axis=1)
                found[at, here] = (
                    values[:, 0] if picked is None else np.take_along_axis(values, picked[here], axis=1).mean(axis=1)
                )
            done += len(counts)
        return found

    def _add(self, figures: tuple[_Figure, ...], picked: Picks | None) -> int:
        self._figures.append((figures, picked))
        return len(self._figures) - 1

    def _of(self, part: SliceTable, metrics: Sequence[str]) -> list[_Figure]:
        """Each column of a part stands once, those of one call in the order of their names."""
        places = self._places.setdefault(part, {})
        if not places:
            places[""] = self._place(part.entered)
        for name in sorted({column for metric in metrics for column in part.metrics[metric]} - places.keys()):
            places[name] = self._place(part.columns[name])
        return [_Figure(places[""], tuple(places[name] for name in part.metrics[metric])) for metric in metrics]

    def _place(self, column: npt.NDArray[np.generic]) -> int:
        self._columns.append(column)
        return len(self._columns) - 1


def _by_unit(columns: Sequence[npt.NDArray[np.generic]], seed: int) -> tuple[int, npt.NDArray[np.float32]]:
    """How many units are drawn from, and what each column sums to in each, [units, columns]."""
    posts = len(columns[0])
    units = min(posts, UNITS)
    matrix = np.empty((units, len(columns)), dtype=np.float32)
    shuffled = generator(seed, "bootstrap", "bundles").permutation(posts) if posts > UNITS else None
    edges = np.arange(units) * posts // max(units, 1)
    for at, column in enumerate(columns):
        values = column.astype(np.float64)
        matrix[:, at] = values if shuffled is None else np.add.reduceat(values[shuffled], edges)
    return units, matrix


def _counts(units: int, resamples: int, seed: int) -> Iterator[npt.NDArray[np.float32]]:
    """[draws, units] how often each unit was drawn, in blocks that fit the cache."""
    random = generator(seed, "bootstrap", "draws")
    at_once = max(1, DRAWN_AT_ONCE // max(units, 1))
    for done in range(0, resamples, at_once):
        draws = min(at_once, resamples - done)
        picked = random.integers(0, units, size=(draws, units), dtype=np.int32)
        picked += (np.arange(draws, dtype=np.int32) * units)[:, None]
        yield np.bincount(picked.ravel(), minlength=draws * units).reshape(draws, units).astype(np.float32)
