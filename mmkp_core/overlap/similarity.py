"""Says which records are alike without writing every pair down.

Equal records are one group, and groups that are near each other are pairs of groups. A campaign of 100,000
equal posts is one group here; as pairs of posts it would be five billion rows.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of record positions with the score of each: one row per pair."""

    left: Ints
    right: Ints
    score: Floats

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True)
class Similarity:
    group: Ints
    """Group of each record; -1 for a record that is like no other."""
    left: Ints
    right: Ints
    """Pairs of different groups that are near each other."""
    score: Floats
    """Of each pair of groups."""
    equal: float
    """Score of two records of one group."""

    @property
    def groups(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    def touched(self, by: Mask, among: Mask) -> Mask:
        """Records of `among` that are like at least one record of `by`; the two do not overlap."""
        has_one = np.zeros(self.groups, bool)
        has_one[self.group[by & (self.group >= 0)]] = True
        reached = has_one.copy()
        reached[self.right[has_one[self.left]]] = True
        reached[self.left[has_one[self.right]]] = True
        out = among & (self.group >= 0)
        out[out] = reached[self.group[out]]
        return out

    def crossing(self, left: Mask, right: Mask, most: int | None = None) -> Pairs:
        """Every pair of a record of `left` and a record of `right`; the two do not overlap.

        With `most`, a record of `right` meets no more than so many of each group of equals, the first ones.
        """
        own = np.arange(self.groups, dtype=np.int64)
        return self._expand(
            np.concatenate([own, self.left, self.right]),
            np.concatenate([own, self.right, self.left]),
            np.concatenate([np.full(self.groups, self.equal), self.score, self.score]),
            _members(self.group, left, self.groups, most),
            _members(self.group, right, self.groups),
        )

    def count_crossing(self, left: Mask, right: Mask) -> int:
        """How many pairs `crossing` gives without a bound."""
        lefts, rights = (
            np.bincount(self.group[side & (self.group >= 0)], minlength=self.groups) for side in (left, right)
        )
        across = lefts[self.left] * rights[self.right] + lefts[self.right] * rights[self.left]
        return int((lefts * rights).sum() + across.sum())

    def within(self) -> Pairs:
        """Every pair of two records, the earlier one on the left."""
        own = np.arange(self.groups, dtype=np.int64)
        members = _members(self.group, np.ones(len(self.group), bool), self.groups)
        pairs = self._expand(
            np.concatenate([own, self.left]),
            np.concatenate([own, self.right]),
            np.concatenate([np.full(self.groups, self.equal), self.score]),
            members,
            members,
        )
        kept = (self.group[pairs.left] != self.group[pairs.right]) | (pairs.left < pairs.right)
        left, right = pairs.left[kept], pairs.right[kept]
        return _ordered(np.minimum(left, right), np.maximum(left, right), pairs.score[kept])

    def _expand(self, first: Ints, second: Ints, score: Floats, left: "_Members", right: "_Members") -> Pairs:
        """Members of each `first` group on the left against members of its `second` on the right."""
        left_counts, right_counts = left.count[first], right.count[second]
        rows = left_counts * right_counts
        pair = np.repeat(np.arange(len(first)), rows)
        row = np.arange(rows.sum()) - np.repeat(np.cumsum(rows) - rows, rows)
        width = right_counts[pair]
        return _ordered(
            left.records[left.start[first[pair]] + row // width],
            right.records[right.start[second[pair]] + row % width],
            score[pair],
        )


@dataclass(frozen=True, slots=True)
class _Members:
    """Records sorted by group: those of group `g` are `records[start[g]:start[g] + count[g]]`."""

    records: Ints
    start: Ints
    count: Ints


def equal_keys(keys: Sequence[Hashable | None]) -> Similarity:
    """Records with the same key are alike; None is like nothing."""
    numbers: dict[Hashable, int] = {}
    group = [-1 if key is None else numbers.setdefault(key, len(numbers)) for key in keys]
    none = np.empty(0, np.int64)
    return Similarity(np.array(group, np.int64), none, none, np.empty(0), equal=1.0)


def _members(group: Ints, chosen: Mask, groups: int, most: int | None = None) -> _Members:
    records = np.flatnonzero(chosen & (group >= 0))
    records = records[np.argsort(group[records], kind="stable")]
    count = np.bincount(group[records], minlength=groups)
    start = np.cumsum(count) - count
    return _Members(records, start, count if most is None else np.minimum(count, most))


def _ordered(left: Ints, right: Ints, score: Floats) -> Pairs:
    order = np.lexsort((right, left))
    return Pairs(left[order], right[order], score[order])
