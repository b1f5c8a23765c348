"""The settings of each flow: what changes its results besides what a person decides each time."""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import StringConstraints

from mmkp_core.data.formats import IngestSettings
from mmkp_core.errors import Unavailable
from mmkp_core.evaluation.spec import EvaluateSpec, PromotionRule
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.spec import changed, spec
from mmkp_core.systems import SYSTEMS, declared, find_system
from mmkp_core.teacher.spec import TeacherLimits, TeacherSettings, TeacherSpec
from mmkp_core.vision.entities import EntitySpec
from mmkp_core.vision.features.table import FeatureSpec, make_extractor
from mmkp_core.vision.spec import EnrichSpec

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
"""A name in the store; letters, digits, dots, dashes and underscores."""

EVERY = "all"
"""In place of systems: all that generated posts can be given what they read."""

if TYPE_CHECKING:
    SystemId = str
    SystemIdOrEvery = str
else:
    SystemId = Literal[tuple(SYSTEMS)]
    SystemIdOrEvery = Literal[(*SYSTEMS, EVERY)]

Seed = Annotated[int, Ge(0), Le(2**31 - 1)]
SystemSettings = Mapping[str, Mapping[str, Any]]
"""By system, changes to its own settings, by dotted names or nested: `{"copy": {"training.epochs": 3}}`."""

PIPELINE_SYSTEMS: tuple[SystemId, ...] = ("frequent", "tfidf", "copy", "copy-ocr", "m3h-att")
DEMO_SYSTEMS: tuple[SystemId, ...] = (
    "frequent", "tfidf", "copy", "copy-ocr", "m3h-att-blind", "m3h-att", "zero-shot", "sft", "finetune-cot",
    "dynamic-cot",
)  # fmt: skip

_CLASSIC = {"training.epochs": 8, "training.batch_size": 32, "select": "loss"}
_TOPICS = {**_CLASSIC, "stages.topics.epochs": 20}
_NARROW = {
    **_CLASSIC, "hidden": 128, "word_size": 128, "encoder.layers": 2, "encoder.inner": 512, "writer.layers": 2,
    "writer.inner": 512, "training.learning_rate": 1e-3,
}  # fmt: skip
_TINY = {"image_words": True, "training.epochs": 7, "training.batch_size": 16, "training.learning_rate": 6e-3}
_GATED = {**_TINY, "method.gamma": 0.3, "method.warmup_steps": 100}
DEMO_SETTINGS: SystemSettings = {
    **{name: _CLASSIC for name, system in SYSTEMS.items() if system.family == "classic"},
    **dict.fromkeys(("tmn", "topic"), _TOPICS),
    **dict.fromkeys(("one2seq", "one2set"), _NARROW),
    **dict.fromkeys(("zero-shot", "sft", "finetune-cot"), _TINY),
    "dynamic-cot": _GATED,
}
"""What is enough for generated posts and 1.4 million weights."""


def every_system() -> tuple[list[SystemId], dict[SystemId, str]]:
    """The systems that generated posts can be given what they read, and why the others are left out."""
    left_out = {name: reason for name in SYSTEMS if (reason := _lacking(name))}
    return [name for name in SYSTEMS if name not in left_out], left_out


def _lacking(system: SystemId) -> str:
    for kind in declared(system, SYSTEMS[system].spec).reads:
        if kind == "matches":
            return "generated posts come without match scores"
        table, _, extractor = kind.partition("/")
        if table == "features":
            try:
                make_extractor(FeatureSpec().of(extractor)).require_weights()
            except Unavailable as missing:
                return str(missing)
    return ""


def chosen_specs(systems: list[str], *changes: SystemSettings) -> dict[str, Any]:
    """Each system's own settings with the changes, the later counting more; wrong ones of others are refused too."""
    specs = {}
    for system in dict.fromkeys([*systems, *(name for change in changes for name in change)]):
        row = find_system(system).spec
        for change in changes:
            row = changed(row, change.get(system, {}))
        specs[system] = row
    return {system: specs[system] for system in systems}


@spec
class EnrichSettings(EnrichSpec):
    """How a data set's images are read."""

    limits: TeacherLimits = TeacherLimits()
    """How fast an endpoint is asked and how much may be spent."""


@spec
class TeachSettings:
    """What a teacher is asked, and what is accepted."""

    teacher: TeacherSettings = TeacherSettings()
    """What it is asked, and what is accepted."""
    limits: TeacherLimits = TeacherLimits()
    """How fast it is asked and how much may be spent; a run that is stopped by its budget goes on from there."""


@spec
class PredictSettings:
    """What prediction may spend."""

    limits: TeacherLimits = TeacherLimits()
    """Of the vision model, if the run learned from entities that one named."""


@spec
class BenchmarkSettings:
    """What all runs of a benchmark have in common; images are as the data set's enrichments say."""

    systems: SystemSettings = field(default_factory=dict)
    """Changes to systems' own settings, by system."""
    evaluation: EvaluateSpec = EvaluateSpec()
    """Whose rules, and how sure."""


@spec
class StageSettings(EnrichSettings):
    """Settings of the stages that a pipeline goes through, wherever its posts come from."""

    systems: SystemSettings = field(default_factory=dict)
    """Changes to systems' own settings, by system."""
    evaluation: EvaluateSpec = EvaluateSpec()
    """Whose rules, and how sure."""
    split: SplitSpec = SplitSpec()
    """Kind, shares and what counts as too similar."""
    teacher: TeacherSpec = TeacherSpec()
    """Asked for rationales if one of the systems learns from them."""


@spec
class PipelineSettings(StageSettings):
    """Every stage's settings."""

    ingest: IngestSettings = IngestSettings()
    """How rows become posts."""


@spec
class DemoSettings(StageSettings):
    """Every stage's settings, for generated posts."""

    later_share: Annotated[float, Ge(0), Le(1)] = 0.25
    """Posts that come in afterwards, as a share of the first ones, for one decision between champion and challenger;
    0: no decision."""
    entities: EntitySpec = EntitySpec(model="scripted")
    """What a vision model names in images; `scripted` stands in for one."""
    split: SplitSpec = SplitSpec(test_share=0.2)
    """Kind, shares and what counts as too similar."""
    training_seed: Seed = 0
    """Seed of the trainings; the posts have their own."""


@spec
class RetrainSettings:
    """How a challenger comes about, and when it takes the champion's name."""

    systems: SystemSettings = field(default_factory=dict)
    """Changes to the system's own settings, by system."""
    split: SplitSpec = SplitSpec()
    """How new posts are split; old ones stay in their parts."""
    teacher: TeacherSpec = TeacherSpec()
    """Asked about new training posts, if the system learns from rationales."""
    limits: TeacherLimits = TeacherLimits()
    """How fast an endpoint is asked and how much may be spent."""
    rule: PromotionRule = PromotionRule()
    """When the challenger takes the name."""
