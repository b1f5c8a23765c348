"""The contract of systems: what a row states, what a learner is given, and what it leaves.

Below the families, which fulfil it, and below the table of systems, which lists them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from mmkp_core.data.post import Example, ImageFeatures, Prediction

Need = Literal["image", "weights", "gpu", "teacher"]

Images = Callable[[str], bytes | None]
"""Image key -> the bytes of the image, or None where there are none."""


@dataclass(frozen=True, kw_only=True)
class System:
    """One row of the table of systems."""

    id: str
    title: str
    family: str
    """Whose learner trains it: `reference`, `classic`, `ensemble`, `vlm`."""
    kind: str
    """The group it stands under in the papers' tables: `reference line`, `text, generate`, ..."""
    paper: str
    spec: Any
    """What is trained, and how; the run's address is made from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a spec reads, needs and answers with."""

    own_words: bool = True
    """It reads the post's own text."""
    reads: tuple[str, ...] = ()
    """Kinds of enrichment (`ocr`, `attributes`, `entities`, `matches`, `features/<extractor>`), `pixels` and
    `rationales`; exactly these are inputs of its run."""
    needs: tuple[Need, ...] = ()
    """What a machine or a data set must have for it."""
    heads: tuple[str, ...] = ("phrases",)
    """Its answers, which are scored apart; the first is the system's own."""


@dataclass(frozen=True, slots=True)
class LearningData:
    """What a system learns from: of what it declares to read, and nothing else."""

    train: Sequence[Example]
    valid: Sequence[Example]
    features: ImageFeatures | None = None
    images: Images | None = None


@dataclass(frozen=True, slots=True)
class PredictionData:
    """What a system predicts on."""

    examples: Sequence[Example]
    features: ImageFeatures | None = None
    images: Images | None = None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One figure of a training curve."""

    epoch: int
    step: int
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of work is."""

    done: int
    total: int
    note: str = ""


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Learned:
    """What training leaves besides the files of the model folder."""

    curve: tuple[CurvePoint, ...]
    epochs: int = 0
    parameters: int = 0
    """Numbers that were trained."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Vocabulary, posts cut, posts without an image, ...; by a name that a report can print."""
    device: str = "cpu"


class Predictor(Protocol):
    """A trained system, loaded: answers any number of times, for one post or for many."""

    def predict(self, data: PredictionData, report: Report) -> Mapping[str, list[Prediction]]:
        """Predictions for `data.examples`, in their order, by head; the system's own first."""


class Learner(Protocol):
    """One family of systems. Importing it loads nothing heavy; `fit` and `load` do."""

    version: int
    """Part of every run's address: raise it when the same spec and data lead to another model or other answers."""

    def declare(self, spec: Any) -> Declaration:
        """What `spec` reads, needs and answers with."""

    def weights(self, spec: Any) -> str:
        """Which pretrained weights it starts from, as content or commit; empty where it starts from none."""

    def fit(self, spec: Any, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report) -> Learned:
        """Train `spec`, leaving plain files in `model`.

        Resumes from what an earlier, killed call left in `checkpoints`, with the same final files as an
        undisturbed call.
        """

    def load(self, model: Path) -> Predictor:
        """The predictor of a finished model folder."""
