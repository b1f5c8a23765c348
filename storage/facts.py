"""What each kind of artifact states beyond its files: one typed class a kind, written and read through it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mmkp_core.data.batches import Counts
from mmkp_core.overlap.counts import OverlapCount
from mmkp_core.spec import adapter, dump, load


@dataclass(frozen=True, slots=True, kw_only=True)
class PostsFacts:
    """Of the posts of one source, and of the rejected rows of a failed ingest."""

    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    counts: Counts
    """Of all its parts together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFacts:
    """Of a part of a row store: results of one engine for some images or requests."""

    rows: Mapping[str, int] = field(default_factory=dict)
    """How many of each status."""
    seconds: float = 0.0
    """Wall time of the work itself; the record's own says how long writing took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSource:
    """Where rows of an enrichment come from: parts of one engine, or tables that came with the posts."""

    name: str
    """Of the engine, or `given with the posts`."""
    engine: str = ""
    """Group of the engine's parts in the row store; empty for given rows."""
    artifacts: tuple[str, ...] = ()
    """Of given rows: the posts' artifacts that hold them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichmentFacts:
    """Of one kind of enrichment of a data set: which rows count, given ones before an engine's."""

    dataset: str
    kind: str
    """`ocr`, `attributes`, `entities`, `matches`, `signatures` or `features/<extractor>`."""
    sources: tuple[RowSource, ...]
    images: int
    """Images of the data set that could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts:
    kind: str
    dataset: str
    train: int = 0
    valid: int = 0
    test: int = 0
    dropped: int = 0
    moved: int = 0
    clusters: int = 0
    """Groups of duplicates and near-duplicates."""
    clustered: int = 0
    """Posts in such groups."""
    clustered_in: tuple[int, ...] = ()
    """Of those, how many are in the training, the validation and the test part."""
    largest_cluster: int = 0
    overlaps: tuple[OverlapCount, ...] = ()
    before: str | None = None
    """The split that this one grew from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCount:
    status: str
    reason: str
    questions: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RationalesFacts:
    """Of a split's rationales: which engine's rows count, and what became of the questions."""

    split: str
    engine: str
    """Group of the teacher's parts in the row store."""
    model: str
    answers: tuple[AnswerCount, ...]

    def of_status(self, status: str) -> int:
        return sum(answer.questions for answer in self.answers if answer.status == status)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    system: str
    family: str
    heads: tuple[str, ...]
    seed: int
    split: str
    dataset: str
    train_posts: int
    valid_posts: int
    epochs: int
    parameters: int
    """Numbers that were trained."""
    device: str
    counts: Mapping[str, int] = field(default_factory=dict)
    """The family's own: words, classes, posts without an image, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionsFacts:
    """Of a run's predictions on a part of a split or on a whole data set; the rows are in its parts."""

    run: str
    system: str
    dataset: str
    split: str | None
    part: str
    inputs: str
    """`both`, `text`, `image` or `shuffled-image`: what of the posts the system was given."""
    heads: tuple[str, ...]
    posts: int
    without_image: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresFacts:
    run: str
    system: str
    dataset: str
    split: str | None
    part: str
    inputs: str
    predictions: str
    heads: tuple[str, ...]
    posts: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFacts:
    name: str
    """Of the champion."""
    verdict: Literal["first", "promoted", "kept"]
    champion: str | None
    challenger: str
    metric: str
    reasons: tuple[str, ...]
    champion_score: float | None = None
    challenger_score: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    posts: int | None = None
    left_out: int | None = None
    """Posts left out as near-duplicates across the parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """Of a report or a leaderboard."""

    title: str


FACTS: Mapping[str, type[Any]] = {
    "posts": PostsFacts,
    "rejects": PostsFacts,
    "dataset": DatasetFacts,
    "ocr": PartFacts,
    "attributes": PartFacts,
    "entities": PartFacts,
    "matches": PartFacts,
    "signatures": PartFacts,
    "features": PartFacts,
    "replies": PartFacts,
    "enrichment": EnrichmentFacts,
    "split": SplitFacts,
    "rationales": RationalesFacts,
    "run": RunFacts,
    "answers": PartFacts,
    "predictions": PredictionsFacts,
    "scores": ScoresFacts,
    "decision": DecisionFacts,
    "report": PageFacts,
    "leaderboard": PageFacts,
}
"""By kind of artifact; `answers` are the parts of predictions, `replies` those of a teacher's rationales."""


def facts_to_json(facts: Any) -> Any:
    return dump(facts)


def facts_as_text(facts: Any) -> str:
    """For people to read in the catalog; as fast as ten thousand of them need."""
    kind: Any = type(facts)
    text: bytes = adapter(kind).dump_json(facts)
    return text.decode()


def facts_from_json(kind: str, document: Any) -> Any:
    return load(FACTS[kind], document)
