"""What a report is made of: plain tables and rows, gathered by whoever knows where they are kept."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import pyarrow as pa

from mmkp_core.data.post import Example
from mmkp_core.evaluation.post_scores import ByProtocol
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.learning import Images, System
from mmkp_core.report.post_rows import OverlapRow
from mmkp_core.report.score_rows import DecisionRow

Rows = Callable[[], pa.Table]
"""A table that is read when a section needs it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredRun:
    """One run, and what it scores on the test posts of a split."""

    name: str
    """What people call it, or its address."""
    system: System
    settings: str
    """Equal for runs that differ in nothing but their training seed."""
    seed: int
    backbone: str = ""
    """Short name of the pretrained model that it started from."""
    evaluation: EvaluateSpec = EvaluateSpec()
    heads: tuple[str, ...]
    """The system's own answer first."""
    tables: Mapping[str, ByProtocol]
    """By head, what `sections.SELECTION` selects of its post scores."""
    hits: Rows
    predictions: Rows
    curves: Rows
    counts: Mapping[str, int] = field(default_factory=dict)
    """What its training counted: posts without an image, ..."""


@dataclass(frozen=True, slots=True)
class Teacher:
    """A teacher whose rationales some of the runs learned from."""

    model: str
    questions: Mapping[str, int]
    """By what became of them: accepted, rejected, failed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitMaterial:
    """One split: its posts, and the runs scored on its test posts."""

    name: str
    described: str
    """Its kind and address."""
    dataset: str
    is_generated: bool = False
    """Whether the generator of posts made some of them."""
    examples: Mapping[str, Sequence[Example]]
    """By part: train, valid, test."""
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """post id -> phrase -> kind, where the source states kinds."""
    intact: Set[str] = frozenset()
    """Keys of the images that can be read."""
    damaged: Set[str] = frozenset()
    picture: Images
    overlaps: tuple[OverlapRow, ...] = ()
    with_duplicates: Mapping[str, float] = field(default_factory=dict)
    """By part, the share of its posts that have duplicates or near-duplicates beside them there."""
    pairs: pa.Table | None = None
    """Posts of two parts that are too similar; None where duplicates were not looked for."""
    quarantine: Rows | None = None
    engines: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind of enrichment -> names of what its rows come from."""
    teachers: tuple[Teacher, ...] = ()
    runs: Sequence[ScoredRun] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work of a stage: `train` of COPY, `ocr` of some images."""

    stage: str
    seconds: float
    reused: bool
    """Done before, by another flow run."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    title: str
    made: str
    """When, as the reader should see it."""
    commit: str = ""
    splits: Sequence[SplitMaterial]
    leaky: Sequence[ScoredRun] = ()
    """Runs on a split whose test posts have duplicates among its training posts."""
    purged: Sequence[ScoredRun] = ()
    """Runs on the same test posts without those duplicates."""
    decisions: tuple[DecisionRow, ...] = ()
    work: Sequence[Work] = ()
