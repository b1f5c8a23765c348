"""What a person chooses in a form besides specs: names, systems, and changes to a system's own training."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import StringConstraints

from mmkp_core.systems import systems

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
"""A name in the store; letters, digits, dots, dashes and underscores."""

if TYPE_CHECKING:
    SystemId = str
else:
    SystemId = Literal[tuple(systems())]

DEMO_SYSTEMS: tuple[SystemId, ...] = ("frequent", "tfidf", "copy-text", "copy", "m3h-att-blind", "m3h-att")


@dataclass(frozen=True, kw_only=True)
class TrainingChoice:
    """Changes to a system's own training settings; 0 leaves one as it is."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"use_attribute_docstrings": True}

    epochs: Annotated[int, Ge(0), Le(1000)] = 0
    """The most times that every training post is seen; 0: the system's own."""
    batch_size: Annotated[int, Ge(0), Le(4096)] = 0
    """Posts a step; 0: the system's own."""
    learning_rate: Annotated[float, Ge(0), Le(1)] = 0.0
    """Step size at its highest; 0: the system's own."""

    def settings(self) -> dict[str, Any]:
        """The changed ones, by dotted name in the system's spec."""
        return {f"training.{field.name}": value for field in fields(self) if (value := getattr(self, field.name))}


@dataclass(frozen=True, kw_only=True)
class PromotionRule:
    """When a challenger takes the champion's place."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"use_attribute_docstrings": True}

    protocol: Literal["cmkp", "aimkp", "strict"] = "cmkp"
    """By whose rules both are scored."""
    metric: Literal["f1@1", "f1@3", "map@5"] = "f1@1"
    """The figure that is compared."""
    confidence: Annotated[float, Ge(0.5), Le(0.999)] = 0.95
    """Of the interval of the difference, which must lie above the least gain as a whole."""
    least_gain: Annotated[float, Ge(0), Le(1)] = 0.0
    """How much better the challenger must surely be."""
