"""SFT: the student learns to write the answer.

Ma et al. (EMNLP 2025) use it beside zero-shot as the lower bound of what vision-language models do; their format is
not known, ours stands in `prompts`.
"""

from typing import TYPE_CHECKING, Literal, final

from mmkp_core.spec import spec
from mmkp_core.vlm.micro_batch import MicroBatches
from mmkp_core.vlm.objective import MethodObjective, VlmStep
from mmkp_core.vlm.settings import Average

if TYPE_CHECKING:
    from mmkp_core.vlm.backbone import Vlm


@spec
class Sft:
    """Supervised fine-tuning: the loss of the answer's tokens."""

    method: Literal["sft"] = "sft"
    loss_average: Average = "per_sample"
    """Over what a step's loss is averaged: posts, or tokens (then posts with long answers weigh more)."""


@final
class SftObjective(MethodObjective):
    def __init__(self, vlm: "Vlm", spec: Sft) -> None:
        super().__init__(vlm, spec.loss_average)

    def learn(self, step: VlmStep, batch: MicroBatches) -> None:
        for part in batch.parts:
            step.add_answer_loss(part, step.encode_images(part), part.bare)
