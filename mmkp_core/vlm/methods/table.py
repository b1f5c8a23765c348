"""The table of methods: a method is its file and its row here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mmkp_core.vlm.methods.dynamic_cot import DynamicCot, DynamicCotObjective
from mmkp_core.vlm.methods.finetune_cot import FinetuneCot, FinetuneCotObjective
from mmkp_core.vlm.methods.sft import Sft, SftObjective
from mmkp_core.vlm.methods.zero_shot import ZeroShot
from mmkp_core.vlm.objective import MethodObjective

Method = ZeroShot | Sft | FinetuneCot | DynamicCot
"""What a form offers: the specs of the table."""


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One way to train."""

    spec: type[Any]
    objective: Callable[[Any, Any], MethodObjective] | None
    """Made from a `Vlm` and the spec; none: nothing is trained."""
    rationales: bool = False
    """Whether it learns from the teacher's rationales."""


METHODS = (
    MethodRow(ZeroShot, None),
    MethodRow(Sft, SftObjective),
    MethodRow(FinetuneCot, FinetuneCotObjective, rationales=True),
    MethodRow(DynamicCot, DynamicCotObjective, rationales=True),
)


def row_of(method: Method) -> MethodRow:
    """The row of a method's spec."""
    return next(row for row in METHODS if row.spec is type(method))
