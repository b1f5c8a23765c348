"""The table of systems: every published system of the field is one row here.

A row says what the system is and needs, and carries the spec that its family builds from. Families are
`reference`, `classic` and `vlm`; each has one learner, which trains from a spec and predicts from a
folder. Nothing is read out of a system's name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from mmkp_core.data.post import Example, ImageFeatures, Prediction

Family = Literal["reference", "classic", "vlm"]
Need = Literal["image", "weights", "gpu", "teacher"]

Images = Callable[[str], bytes | None]
"""Image key -> the bytes of the image, or None where there are none."""


@dataclass(frozen=True, kw_only=True)
class System:
    id: str
    title: str
    family: Family
    kind: str
    """The group it stands under in the papers' tables: `reference line`, `text, generate`, ..."""
    paper: str
    spec: Any
    """A frozen dataclass of the family: what is trained, and how; the run's fingerprint is made from it."""
    needs: tuple[Need, ...] = ()
    heads: tuple[str, ...] = ("phrases",)
    """What is scored apart; the first is the system's own answer."""


@dataclass(frozen=True, slots=True)
class LearningData:
    """What a system learns from. `features` is None where no image vectors are needed or given."""

    train: Sequence[Example]
    valid: Sequence[Example]
    features: ImageFeatures | None = None
    images: Images | None = None
    """The pictures themselves, for systems that look at pixels."""


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
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Counts and sizes for the record: parameters, vocabulary, posts without an image, ..."""


class Learner(Protocol):
    """One family of systems: trains a spec to a folder of files, predicts from that folder."""

    def fit(self, spec: Any, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report) -> Learned:
        """Train `spec`, leaving a finished model in `model`.

        Resumes from what an earlier, killed call left in `checkpoints`, with the same final files as an
        undisturbed call.
        """

    def predict(
        self,
        model: Path,
        examples: Sequence[Example],
        features: ImageFeatures | None,
        report: Report,
        images: Images | None = None,
    ) -> Mapping[str, list[Prediction]]:
        """Predictions for `examples`, in their order, by head."""


def learner(family: Family) -> Learner:
    """The learner of a family; its heavy libraries load here and not before."""
    match family:
        case "reference":
            from mmkp_core.reference.learner import ReferenceLearner

            return ReferenceLearner()
        case "classic":
            from mmkp_core.classic.learner import ClassicLearner

            return ClassicLearner()
        case "vlm":
            from mmkp_core.vlm.learner import VlmLearner

            return VlmLearner()


def systems() -> dict[str, System]:
    """Every system by id, in the order of the table."""
    from mmkp_core.classic.systems import CLASSIC_SYSTEMS
    from mmkp_core.reference.systems import REFERENCE_SYSTEMS
    from mmkp_core.vlm.systems import VLM_SYSTEMS

    return {system.id: system for system in (*REFERENCE_SYSTEMS, *CLASSIC_SYSTEMS, *VLM_SYSTEMS)}
