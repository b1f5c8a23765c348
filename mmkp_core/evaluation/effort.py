"""Scores by length of the answer: posts in groups by how long a system's answer to them is, each scored apart.

Harder posts may draw longer answers, so a falling score alone does not say that reasoning harms.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mmkp_core.evaluation.score_table import ScoreTable, SliceTable
from mmkp_core.evaluation.significance import Resampling, intervals

NO_REASONING = "no reasoning"
INTERVALS = Resampling(resamples=2_000)


@dataclass(frozen=True, slots=True)
class Effort:
    """What one answer took."""

    reasoned: bool
    tokens: int
    """Of the whole answer, reasoning included."""
    steps: int
    """Sentences or lines of reasoning."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortScore:
    """One group of posts of one system."""

    group: str
    posts: int
    tokens: float
    """Means over the group."""
    steps: float
    seconds: float
    value: float
    low: float
    high: float


def token_bounds(efforts: Iterable[Effort], groups: int = 3) -> tuple[int, ...]:
    """Most tokens of each group but the last, so that answers with reasoning fall into groups of about equal size."""
    tokens = sorted(effort.tokens for effort in efforts if effort.reasoned)
    cuts = [tokens[len(tokens) * part // groups] for part in range(1, groups)] if tokens else []
    return tuple(sorted({cut for cut in cuts if cut < tokens[-1]}))


def by_effort(
    table: ScoreTable,
    efforts: Mapping[str, Effort],
    bounds: Sequence[int],
    *,
    metric: str = "f1@1",
    resampling: Resampling = INTERVALS,
) -> list[EffortScore]:
    """A row for each group that holds a post with gold phrases, the shortest answers first."""
    every = table.slices["all"]
    of_post = [efforts[post_id] for post_id in table.post_ids]
    group = np.array([np.searchsorted(bounds, e.tokens) + 1 if e.reasoned else 0 for e in of_post])
    parts: dict[str, SliceTable] = {}
    for number, name in enumerate([NO_REASONING, *_names(bounds)]):
        part = SliceTable(every.entered, every.columns, {metric: every.metrics[metric]}).only(group == number)
        if part.posts:
            parts[name] = part
    cut = ScoreTable(table.protocol, table.post_ids, parts)
    spread = intervals([cut], resampling)
    found = []
    for name, part in parts.items():
        taken = [effort for effort, here in zip(of_post, part.entered, strict=True) if here]
        low, high = spread[table.protocol, name, metric]
        found.append(
            EffortScore(
                group=name,
                posts=part.posts,
                tokens=float(np.mean([e.tokens for e in taken])),
                steps=float(np.mean([e.steps for e in taken])),
                seconds=float(np.mean([e.seconds for e in taken])),
                value=part.value(metric),
                low=low,
                high=high,
            )
        )
    return found


def _names(bounds: Sequence[int]) -> list[str]:
    if not bounds:
        return ["with reasoning"]
    between = [f"{low + 1} to {high} tokens" for low, high in pairwise(bounds)]
    return [f"up to {bounds[0]} tokens", *between, f"over {bounds[-1]} tokens"]
