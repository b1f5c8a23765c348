"""What one set of predictions scores under one protocol: a figure for each post, by slice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmkp_core.errors import UnknownName
from mmkp_core.evaluation.slices import in_order
from mmkp_core.evaluation.spec import ProtocolName

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CUTS = (1, 3, 5)

MADE_OF_MEANS: Mapping[ProtocolName, Mapping[str, tuple[str, str]]] = {
    "cmkp": {f"f1@{cut}": (f"p@{cut}", f"r@{cut}") for cut in CUTS},
}
"""Metrics that are the harmonic mean of two averages, so that no post has one of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceTable:
    """Per-post figures of one slice, kept so that posts can be resampled."""

    entered: Flags
    """Which posts have gold in the slice; the others are zero in every column and in no average."""
    columns: Mapping[str, Values]
    metrics: Mapping[str, tuple[str, ...]]
    """A metric is the mean of one column, or the harmonic mean of the means of two."""

    @property
    def posts(self) -> int:
        return int(self.entered.sum())

    def value(self, metric: str) -> float:
        means = [self.columns[name].sum() / max(self.posts, 1) for name in self.metrics[metric]]
        return float(harmonic(*means)) if len(means) == 2 else float(means[0])

    def only(self, posts: Flags) -> "SliceTable":
        """The same with some of its posts."""
        entered = self.entered & posts
        columns = {name: np.where(entered, values, 0.0) for name, values in self.columns.items()}
        return SliceTable(entered, columns, self.metrics)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """One protocol's figures for one set of predictions."""

    protocol: ProtocolName
    post_ids: tuple[str, ...]
    slices: Mapping[str, SliceTable]

    def slice(self, name: str) -> SliceTable:
        if name not in self.slices:
            raise UnknownName("slice", name, self.slices)
        return self.slices[name]

    def without(self, names: Iterable[str]) -> "ScoreTable":
        left_out = set(names)
        kept = {name: part for name, part in self.slices.items() if name not in left_out}
        return ScoreTable(self.protocol, self.post_ids, kept)


def joined(tables: Sequence[ScoreTable], post_ids: Sequence[str]) -> ScoreTable:
    """One table of exactly these posts, in this order; a later table's figures of a post count more."""
    rows = [{post_id: row for row, post_id in enumerate(table.post_ids)} for table in tables]
    latest = [max(n for n, known in enumerate(rows) if post_id in known) for post_id in post_ids]
    places = [
        (at, np.array([rows[n][post_ids[i]] for i in at], dtype=np.int64))
        for n in range(len(tables))
        for at in [np.flatnonzero(np.array(latest, dtype=np.int64) == n)]
    ]
    slices: dict[str, SliceTable] = {}
    for name in in_order({name for table in tables for name in table.slices}):
        parts = [table.slices.get(name) for table in tables]
        metrics = next(part.metrics for part in parts if part)
        entered = np.zeros(len(post_ids), dtype=bool)
        columns = {column: np.zeros(len(post_ids)) for of in metrics.values() for column in of}
        for part, (at, found) in zip(parts, places, strict=True):
            if part:
                entered[at] = part.entered[found]
                for column, values in columns.items():
                    values[at] = part.columns[column][found]
        if entered.any():
            slices[name] = SliceTable(entered, columns, metrics)
    return ScoreTable(tables[0].protocol, tuple(post_ids), slices)


def metrics_of(protocol: ProtocolName, columns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Metric -> the columns that it is made of, for what can be made of these."""
    known = list(columns)
    pairs = {metric: of for metric, of in MADE_OF_MEANS.get(protocol, {}).items() if set(of) <= set(known)}
    return {**pairs, **{name: (name,) for name in known if name not in pairs}}


def columns_of(protocol: ProtocolName, metric: str) -> tuple[str, ...]:
    """The per-post columns that a metric is made of."""
    return MADE_OF_MEANS.get(protocol, {}).get(metric, (metric,))


def harmonic(precision: Values | float, recall: Values | float) -> Values:
    """2PR / (P + R), and 0 where both are 0."""
    both = np.asarray(precision + recall, dtype=np.float64)
    return np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
