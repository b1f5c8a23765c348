"""Counts of a split: posts of each part, what was moved, and what test posts share with the training side."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapCount:
    """Test posts (or labels) that share something with the training side, before and after, and of how many."""

    measure: str
    before: int
    before_of: int
    after: int
    after_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCounts:
    train: int
    valid: int
    test: int
    dropped: int
    moved: int
    clusters: int = 0
    """Groups of duplicates and near-duplicates; 0 where none were sought."""
    clustered: int = 0
    """Posts in such groups."""
    clustered_in: tuple[int, ...] = ()
    """Of those, how many are in the training, the validation and the test part."""
    largest_cluster: int = 0
    overlaps: tuple[OverlapCount, ...] = ()
