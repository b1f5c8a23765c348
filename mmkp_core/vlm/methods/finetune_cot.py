"""Fine-tune-CoT: the student learns to write the teacher's rationale and then the answer, for every post.

Ho et al., "Large Language Models Are Reasoning Teachers" (ACL 2023): rationales are kept when the teacher's own answer
is right. Which are kept here is the rule of `teacher/acceptance.py`.
"""

from typing import TYPE_CHECKING, Literal, final

from mmkp_core.spec import spec
from mmkp_core.vlm.micro_batch import MicroBatches
from mmkp_core.vlm.objective import MethodObjective, VlmStep, reasoned_answers
from mmkp_core.vlm.settings import Average, Fallback

if TYPE_CHECKING:
    from mmkp_core.vlm.backbone import Vlm


@spec
class FinetuneCot:
    """Fine-tune-CoT: the loss of the teacher's rationale and the answer, for every post that has a rationale."""

    method: Literal["finetune-cot"] = "finetune-cot"
    loss_average: Average = "per_sample"
    """Over what a step's loss is averaged: posts, or tokens (then long rationales weigh more)."""
    no_cot_available: Fallback = "sft"
    """A post without an accepted rationale: learn its bare answer, or leave it out."""


@final
class FinetuneCotObjective(MethodObjective):
    def __init__(self, vlm: "Vlm", spec: FinetuneCot) -> None:
        super().__init__(vlm, spec.loss_average)
        self._spec = spec

    def learn(self, step: VlmStep, batch: MicroBatches) -> None:
        for part in batch.parts:
            answers = reasoned_answers(part, self._spec.no_cot_available)
            step.add_answer_loss(part, step.encode_images(part), answers)
