"""What does a report show?

Plain values only (texts, numbers, tuples of frozen rows), filled from query results; `html.py` and `markdown.py`
render the same `ReportData`. A section without data is left out of the page. Shares and scores are fractions
of 1 here and percent on the page. Text may be hostile: the renderers escape, shorten and make visible.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Mark = Literal["best", "tied", ""]
"""`tied`: not significantly below the best of its column."""


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
    caption: str = ""
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts:
    """One row of MM-MKP's data table, with both shares because that table's heading swaps them."""

    split: str
    posts: int
    tokens_per_post: float
    keyphrases_per_post: float
    distinct_keyphrases: int
    words_per_keyphrase: float
    present_share: float
    vocabulary: int

    @property
    def absent_share(self) -> float:
        return 1.0 - self.present_share


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    split: str
    posts: int
    with_image: int
    missing: int
    """Named by the post, but no bytes were found."""
    damaged: int
    with_words: int
    """OCR found words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapRow:
    """How many test posts (or labels) meet something of the training side, before and after cleaning."""

    measure: str
    """`identical text`, `near text (word sets, Jaccard >= 0.8)`, `all labels seen`, ..."""
    before: int
    before_of: int
    after: int | None = None
    """None where the split was only measured, not cleaned."""
    after_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """Two posts that are too close to stand on different sides."""

    kind: str
    similarity: float
    train_id: str
    train_text: str
    test_id: str
    test_text: str
    verdict: str = ""
    """What became of the pair: `test post dropped`, `moved to train`, ..."""


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
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Gold:
    phrase: str
    present: bool | None = None
    seen: bool | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    phrase: str
    right: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What one system said of one post, best first."""

    system: str
    guesses: tuple[Guess, ...]
    reasoning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleCard:
    post_id: str
    text: str
    gold: tuple[Gold, ...]
    answers: tuple[Answer, ...]
    thumbnail: bytes = b""
    """A small JPEG, see `thumbnails.py`; empty where the post has no image."""
    image_name: str = ""
    image_words: str = ""
    attributes: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    split: str = "test"


@dataclass(frozen=True, slots=True)
class Stage:
    """How long one stage took; `reused` where the result was already there."""

    name: str
    seconds: float
    reused: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    reason: str
    rows: int
    example: str = ""
    """Where the first one stands and what it holds: `posts.jsonl:17: ...`"""


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
    """Challenger less champion; None where there was nobody to compare with."""
    p_value: float = 1.0
    posts: int = 0
    reason: str = ""


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
    """What one system scores on test posts of which copies were trained on, and on the same posts where none were."""

    system: str
    posts: int
    """Leaked test posts."""
    leaked: Cell
    purged: Cell
    worth: Cell
    """The difference on those posts, with its interval."""
    worth_of_all: Cell
    """The same over all test posts."""


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
    splits: tuple[SplitFacts, ...] = ()
    images: tuple[ImageFacts, ...] = ()
    overlaps: tuple[OverlapRow, ...] = ()
    pairs: tuple[PairRow, ...] = ()
    leaks: tuple[LeakRow, ...] = ()
    leak_metric: str = "f1@1"
    curves: tuple[Curve, ...] = ()
    stages: tuple[Stage, ...] = ()
    quarantine: tuple[QuarantineRow, ...] = ()
    counts: Mapping[str, int] | None = None
    """Headline figures under the title: `{"posts": 5372, "systems": 7}`."""
