"""What a report shows: texts, numbers and tuples of frozen rows.

`html.py` and `markdown.py` render the same `ReportData`. A section without data is left out of the page. Text may be
hostile: the renderers escape, shorten and make visible.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mmkp_core.report.post_rows import (
    ContentRow,
    DataRow,
    ExampleCard,
    ImageRow,
    MatchRow,
    OverlapRow,
    PairRow,
    QuarantineRow,
)
from mmkp_core.report.score_rows import DecisionRow, Leaderboard, LeakRow, ReasoningRow, SliceChart


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what ran: `Fact("split", "demo-clean (3f2a...)")`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader must know before believing a figure."""

    text: str
    level: Literal["warning", "note"] = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The losses of one training run."""

    run: str
    train: tuple[tuple[float, float], ...]
    """(epoch or step, loss)"""
    valid: tuple[tuple[float, float], ...] = ()
    unit: str = "epoch"
    value_name: str = "loss"
    best_at: float | None = None
    """Where the kept weights were taken."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How long one stage took; `reused` where the result was already there."""

    name: str
    seconds: float
    reused: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    title: str
    made: str
    """When, as the reader should see it; the core has no clock."""
    subtitle: str = ""
    facts: tuple[Fact, ...] = ()
    notes: tuple[Note, ...] = ()
    boards: tuple[Leaderboard, ...] = ()
    slices: tuple[SliceChart, ...] = ()
    reasoning: tuple[ReasoningRow, ...] = ()
    reasoning_metric: str = "f1@1"
    decisions: tuple[DecisionRow, ...] = ()
    examples: tuple[ExampleCard, ...] = ()
    examples_of: int = 0
    """How many posts the examples were sampled from."""
    data: tuple[DataRow, ...] = ()
    images: tuple[ImageRow, ...] = ()
    contents: tuple[ContentRow, ...] = ()
    matches: tuple[MatchRow, ...] = ()
    overlaps: tuple[OverlapRow, ...] = ()
    pairs: tuple[PairRow, ...] = ()
    leaks: tuple[LeakRow, ...] = ()
    leak_metric: str = "f1@1"
    curves: tuple[Curve, ...] = ()
    curves_left: int = 0
    """Runs whose curves are not drawn."""
    stages: tuple[Stage, ...] = ()
    quarantine: tuple[QuarantineRow, ...] = ()
    counts: Mapping[str, int] | None = None
    """Headline figures under the title: `{"posts": 5372, "systems": 7}`."""
