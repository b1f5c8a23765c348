"""Measures how much of a test set the training set already holds.

Duplicates are counted by every measure of `duplicates`; labels by their normal form, as they are scored, every
occurrence of every post.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mmkp_core.data.post import Post
from mmkp_core.data.text import normal_form
from mmkp_core.overlap.duplicates import MEASURES, Measure, find_duplicates, unit_of_score
from mmkp_core.overlap.spec import Unit
from mmkp_core.vision.signatures import ImageSignature

EQUALS_LISTED = 100
"""Of equal training posts, how many are listed as partners of a test post; all are counted."""


@dataclass(frozen=True, slots=True)
class LabelOverlap:
    occurrences: int
    occurrences_seen: int
    distinct: int
    distinct_seen: int


@dataclass(frozen=True, slots=True)
class OverlapPair:
    train: str
    test: str
    measure: Measure
    unit: str
    score: float


@dataclass(frozen=True, slots=True)
class OverlapReport:
    train_posts: int
    test_posts: int
    touched: Mapping[Measure, int]
    """Test posts with at least one such duplicate among the training posts."""
    all_labels_seen: int
    """Test posts with labels, all of which some training post has."""
    labels: LabelOverlap
    pairs: tuple[OverlapPair, ...]
    pairs_left_out: int
    """Pairs with further equal training posts, beyond the first hundred."""

    def document(self) -> dict[str, Any]:
        """The JSON of `mmkp overlap`."""
        document: dict[str, Any] = {
            "posts": {"train": self.train_posts, "test": self.test_posts},
            "test_posts": {**self.touched, "all_labels_seen": self.all_labels_seen},
            "labels": asdict(self.labels),
            "pairs": [asdict(pair) for pair in self.pairs],
        }
        if self.pairs_left_out:
            document["pairs_left_out"] = self.pairs_left_out
        return document


def measure_overlap(
    train: Sequence[Post],
    test: Sequence[Post],
    *,
    unit: Unit = "char3",
    threshold: float = 0.8,
    image_distance: int = 4,
    hashes: Mapping[str, ImageSignature] | None = None,
) -> OverlapReport:
    """`hashes` are by image key; near images are found by structure alone."""
    posts = [*train, *test]
    right = np.arange(len(posts)) >= len(train)
    duplicates = find_duplicates(posts, unit, threshold, hashes or {}, image_distance, across=right)
    pairs: list[OverlapPair] = []
    left_out = 0
    for measure in MEASURES:
        found = duplicates[measure].crossing(~right, right, EQUALS_LISTED)
        left_out += duplicates[measure].count_crossing(~right, right) - len(found)
        score_unit = unit_of_score(measure, unit)
        pairs.extend(
            OverlapPair(posts[a].post_id, posts[b].post_id, measure, score_unit, score)
            for a, b, score in zip(found.left.tolist(), found.right.tolist(), found.score.tolist(), strict=True)
        )
    touched = {measure: int(duplicates[measure].touched(~right, right).sum()) for measure in MEASURES}
    labels, all_seen = label_overlap([post.keyphrases for post in train], [post.keyphrases for post in test])
    return OverlapReport(len(train), len(test), touched, all_seen, labels, tuple(pairs), left_out)


def label_overlap(train: Sequence[Sequence[str]], test: Sequence[Sequence[str]]) -> tuple[LabelOverlap, int]:
    """Of the labels of `test`, those that `train` has; and how many of its posts have such labels only."""
    known = {normal_form(label) for labels in train for label in labels}
    forms = [[normal_form(label) for label in labels] for labels in test]
    every = [form for labels in forms for form in labels]
    distinct = set(every)
    overlap = LabelOverlap(len(every), sum(form in known for form in every), len(distinct), len(distinct & known))
    return overlap, sum(bool(labels) and known.issuperset(labels) for labels in forms)
