"""Scores of one set of predictions, by protocol and slice, with their intervals.

A `Scorecard` holds the rows of the `scores` and `hits` tables, the JSON of `mmkp evaluate`, and the per-post tables
from which two scorecards can be compared.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from mmkp_core.data.phrases import label_forms
from mmkp_core.data.post import Post, Prediction
from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.alignment import align
from mmkp_core.evaluation.judging import Judged, judge
from mmkp_core.evaluation.protocols import score
from mmkp_core.evaluation.score_table import ScoreTable
from mmkp_core.evaluation.significance import Interval, Resampling, intervals
from mmkp_core.evaluation.spec import EvaluateSpec, ProtocolName


@dataclass(frozen=True, slots=True)
class Score:
    """One figure, a fraction of 1; `low` and `high` are None where no resampling was asked for."""

    protocol: ProtocolName
    slice: str
    metric: str
    value: float
    low: float | None
    high: float | None
    posts: int
    """How many posts have gold phrases in the slice."""


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """One row per post and predicted phrase, in columns."""

    post_id: Sequence[str]
    rank: Sequence[int]
    """From 1, as the system gave it."""
    phrase: Sequence[str]
    right: Sequence[bool]
    """Equal to a gold phrase in normal form; saying it again is not another hit."""
    present: Sequence[bool]
    seen: Sequence[bool | None]

    def columns(self) -> dict[str, Sequence[Any]]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scorecard:
    spec: EvaluateSpec
    posts: int
    """Posts with gold phrases: those that `all` is taken over."""
    without_gold: int
    """Posts that no score can be asked of."""
    scores: tuple[Score, ...]
    hits: Hits
    tables: Mapping[ProtocolName, ScoreTable]

    def document(self) -> dict[str, Any]:
        """The JSON of `mmkp evaluate`; `all` protocols stand side by side, never in one table."""
        protocols = {name: self._protocol(name) for name in self.tables}
        head: dict[str, Any] = {
            "protocol": self.spec.protocol,
            "posts": self.posts,
            "posts_without_gold": self.without_gold,
            "present_source": self.spec.present_source,
        }
        if self.spec.protocol == "all":
            return {**head, "protocols": protocols}
        return {**head, **protocols[self.spec.protocol]}

    def _protocol(self, protocol: ProtocolName) -> dict[str, Any]:
        scores: dict[str, dict[str, float]] = {}
        bounds: dict[str, dict[str, list[float]]] = {}
        posts: dict[str, int] = {}
        for row in self.scores:
            if row.protocol != protocol:
                continue
            scores.setdefault(row.slice, {})[row.metric] = row.value
            posts[row.slice] = row.posts
            if row.low is not None and row.high is not None:
                bounds.setdefault(row.slice, {})[row.metric] = [row.low, row.high]
        return {"scores": scores, "slice_posts": posts, **({"intervals": bounds} if bounds else {})}


def evaluate(
    gold: Sequence[Post],
    predictions: Sequence[Prediction],
    spec: EvaluateSpec,
    *,
    train_keyphrases: Iterable[Iterable[str]] | None = None,
    image_words: Mapping[str, str] | None = None,
    kinds: Mapping[str, Mapping[str, str]] | None = None,
    leaked: Set[str] | None = None,
) -> Scorecard:
    """Score predictions against posts; both must hold exactly the same ids.

    `train_keyphrases` are those of the training posts, post by post, and open the slices seen and unseen.
    `image_words` by post id are asked for by `present_source="text+words"`. `kinds` names kinds of gold phrases, by
    post id and phrase. `leaked` are the ids of posts of which a duplicate or near-duplicate
    was trained on.
    """
    if spec.present_source == "text+words" and image_words is None:
        raise WrongInput("present_source is 'text+words' but no image words are given; enrich the posts or use 'text'")
    aligned = align(gold, predictions)
    judged = judge(
        gold,
        aligned,
        image_words=image_words if spec.present_source == "text+words" else None,
        labels=None if train_keyphrases is None else label_forms(train_keyphrases),
        kinds=kinds,
        leaked=leaked,
    )
    names: Sequence[ProtocolName] = get_args(ProtocolName) if spec.protocol == "all" else [spec.protocol]
    tables: dict[ProtocolName, ScoreTable] = {name: score(judged, name) for name in names}
    with_gold = sum(bool(post.keyphrases) for post in gold)
    return Scorecard(
        spec=spec,
        posts=with_gold,
        without_gold=len(gold) - with_gold,
        scores=_rows(list(tables.values()), spec),
        hits=_hits(judged, aligned),
        tables=tables,
    )


def _rows(tables: Sequence[ScoreTable], spec: EvaluateSpec) -> tuple[Score, ...]:
    none: tuple[None, None] = (None, None)
    bounds: dict[tuple[str, str, str], Interval] = {}
    if spec.resamples:
        bounds = intervals(tables, Resampling(resamples=spec.resamples, confidence=spec.confidence, seed=spec.seed))
    return tuple(
        Score(table.protocol, name, metric, part.value(metric), low, high, part.posts)
        for table in tables
        for name, part in table.slices.items()
        for metric in part.metrics
        for low, high in [bounds.get((table.protocol, name, metric), none)]
    )


def _hits(judged: Judged, predictions: Sequence[Prediction]) -> Hits:
    guesses = judged.guesses
    answered = np.array([bool(prediction.phrases) for prediction in predictions], dtype=bool)[guesses.row]
    phrases = [phrase for prediction in predictions for phrase in prediction.phrases]
    return Hits(
        post_id=[prediction.post_id for prediction in predictions for _ in prediction.phrases],
        rank=[rank for prediction in predictions for rank in range(1, len(prediction.phrases) + 1)],
        phrase=phrases,
        right=judged.right[answered].tolist(),
        present=guesses.present[answered].tolist(),
        seen=[None] * len(phrases) if guesses.seen is None else guesses.seen[answered].tolist(),
    )
