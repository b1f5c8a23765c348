"""Rows of a report about scores: leaderboards, slices, reasoning, leak effects and decisions.

Scores are fractions of 1 here and percent on the page.
"""

from dataclasses import dataclass

from mmkp_core.evaluation.significance import Mark


@dataclass(frozen=True, slots=True)
class Cell:
    """A score as a fraction of 1, with its interval; `low` and `high` are None where none was computed."""

    value: float
    low: float | None = None
    high: float | None = None
    mark: Mark = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderRow:
    system: str
    """What the reader sees: `M3H-ATT`."""
    kind: str
    """The group it belongs to: `reference line`, `text, generate`, `vision-language`, ..."""
    cells: tuple[Cell | None, ...]
    """One per metric of the board; None where it was not measured."""
    head: str = ""
    """Which answer of the system, where it has several."""
    seeds: int = 1
    note: str = ""
    """A short tag beside the name: `tiny`, `scripted teacher`, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """One protocol on one slice; figures of two protocols never share a table."""

    protocol: str
    metrics: tuple[str, ...]
    """`f1@1`, `f1@3`, `map@5`, ..."""
    rows: tuple[LeaderRow, ...]
    posts: int
    slice: str = "all"
    split: str = ""
    """Where a page shows several splits."""
    caption: str = ""
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceScore:
    system: str
    slice: str
    cell: Cell
    posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceChart:
    """One metric over several slices: present, absent, seen, unseen, or the kinds of phrases."""

    title: str
    protocol: str
    metric: str
    scores: tuple[SliceScore, ...]
    split: str = ""
    """Where a page shows several splits."""
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningRow:
    """Answers of one system that were about equally long: does thinking longer score better?"""

    system: str
    bucket: str
    """`no reasoning`, `up to 40 tokens`, ..."""
    mean_tokens: float
    """Of an answer, reasoning included."""
    mean_steps: float
    """Sentences or lines of reasoning."""
    mean_seconds: float
    """Of an answer, its share of a batch that was written together."""
    posts: int
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakRow:
    """What one system scores on test posts whose duplicates it was trained on, and on the same posts without them."""

    system: str
    posts: int
    """Leaked test posts."""
    leaked: Cell
    purged: Cell
    effect: Cell
    """The difference on those posts, with its interval."""
    effect_of_all: Cell
    """The same over all test posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One champion-challenger decision."""

    when: str
    challenger: str
    champion: str
    """Empty for the first to bear the name."""
    promoted: bool
    metric: str = ""
    difference: Cell | None = None
    """Challenger minus champion; None where there was nobody to compare with."""
    p_value: float = 1.0
    posts: int = 0
    reason: str = ""
