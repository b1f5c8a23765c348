"""What a person chooses in a form besides specs: names, systems, and changes to a system's own training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le, MinLen
from pydantic import StringConstraints

from mmkp_core.systems import systems
from mmkp_core.vlm.spec import TINY
from tasks.plans import flat, has_setting
from mmkp_core.spec import spec

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
"""A name in the store; letters, digits, dots, dashes and underscores."""

if TYPE_CHECKING:
    SystemId = str
else:
    SystemId = Literal[tuple(systems())]

PIPELINE_SYSTEMS: tuple[SystemId, ...] = ("frequent", "tfidf", "copy-text", "copy", "m3h-att")
DEMO_SYSTEMS: tuple[SystemId, ...] = (
    "frequent", "tfidf", "copy-text", "copy", "m3h-att-blind", "m3h-att", "zero-shot", "sft", "finetune-cot",
    "dynamic-cot",
)  # fmt: skip


@spec
class TrainingChoice:
    """Changes to a system's own training settings; 0 leaves one as it is."""

    epochs: Annotated[int, Ge(0), Le(1000)] = 0
    """The most times that every training post is seen; 0: the system's own."""
    batch_size: Annotated[int, Ge(0), Le(4096)] = 0
    """Posts a step; 0: the system's own."""
    learning_rate: Annotated[float, Ge(0), Le(1)] = 0.0
    """Step size at its highest; 0: the system's own."""

    def settings(self) -> dict[str, Any]:
        """The changed ones, by dotted name in the system's spec."""
        return {f"training.{field.name}": value for field in fields(self) if (value := getattr(self, field.name))}


@spec
class VlmChoice:
    """What the vision-language systems of one comparison have in common."""

    backbone: Annotated[str, MinLen(1)] = TINY
    """`tiny` (ships with the project), a model's name on the Hugging Face hub, or a local folder."""
    revision: str = ""
    """Commit, tag or branch of a hub model; empty: the newest."""
    image_words: bool = False
    """Put the words found in the image beside it, for backbones that cannot read small print."""
    training: TrainingChoice = field(default=TrainingChoice())
    """Changes to the training of every one of them."""
    gamma: float = 0.5
    """The gate of Dynamic CoT, in nats; it does not carry over between tokenizers."""
    warmup_steps: Annotated[int, Ge(0), Le(1_000_000)] = 0
    """Dynamic CoT: steps of plain supervised fine-tuning before its gate opens."""

    def settings(self, system: str) -> dict[str, Any]:
        """By dotted name in the spec of `system`."""
        of_all = {
            "backbone": self.backbone, "revision": self.revision, "image_words": self.image_words,
            **self.training.settings(),
        }  # fmt: skip
        if not has_setting(system, "method.gamma"):
            return of_all
        return {**of_all, "method.gamma": self.gamma, "method.warmup_steps": self.warmup_steps}


def own_settings(system: str, training: TrainingChoice, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is changed in one system's settings; what is named one by one counts more."""
    return {**(training.settings() if has_setting(system, "training") else {}), **flat(settings)}


def settings_by_system(
    chosen: Sequence[str], training: TrainingChoice, vision_language: VlmChoice
) -> dict[str, dict[str, Any]]:
    """What is changed in each system's settings: one choice for classic systems, one for vision-language ones."""
    return {
        system: vision_language.settings(system)
        if has_setting(system, "backbone")
        else training.settings()
        if has_setting(system, "training")
        else {}
        for system in chosen
    }


@spec
class PromotionRule:
    """When a challenger takes the champion's place."""

    protocol: Literal["cmkp", "aimkp", "strict"] = "cmkp"
    """By whose rules both are scored."""
    metric: Literal["f1@1", "f1@3", "map@5"] = "f1@1"
    """The figure that is compared."""
    confidence: Annotated[float, Ge(0.5), Le(0.999)] = 0.95
    """Of the interval of the difference, which must lie above the least gain as a whole."""
    least_gain: Annotated[float, Ge(0), Le(1)] = 0.0
    """How much better the challenger must surely be."""
