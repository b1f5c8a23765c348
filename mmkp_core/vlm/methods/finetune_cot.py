"""Fine-tune-CoT: the student learns to write the teacher's rationale and then the answer, for every post.

Ho et al., "Large Language Models Are Reasoning Teachers" (ACL 2023): rationales are kept when the teacher's own answer
is right. Which are kept here is the rule of `teacher/acceptance.py`.
"""

from collections.abc import Mapping
from typing import final

from torch import nn

from mmkp_core.training.objective import Backward, Objective, StepNumbers
from mmkp_core.vlm.backbone import Vlm
from mmkp_core.vlm.objective import Answers, Count, teach
from mmkp_core.vlm.posts import Piece, Pieces
from mmkp_core.vlm.spec import Fallback, FinetuneCot


@final
class FinetuneCotObjective(Objective[Pieces]):
    def __init__(self, vlm: Vlm, spec: FinetuneCot) -> None:
        self._vlm = vlm
        self._spec = spec

    def step(self, model: nn.Module, batch: Pieces, backward: Backward) -> StepNumbers:
        return self._run(model, batch, backward)

    def measure(self, model: nn.Module, batch: Pieces) -> StepNumbers:
        return self._run(model, batch, None)

    def criterion(self, means: Mapping[str, float]) -> float:
        return means["loss"]

    def _run(self, model: nn.Module, batch: Pieces, backward: Backward | None) -> StepNumbers:
        count = Count(self._spec.loss_average)
        for piece in batch.pieces:
            answers = reasoned_answers(piece, self._spec.no_cot_available)
            teach(model, piece, self._vlm.see(piece.prompts.pictures), answers, count, backward)
        return count.numbers()


def reasoned_answers(piece: Piece, fallback: Fallback) -> Answers:
    """Rationale and answer of each post; without a rationale the bare answer, or nothing."""
    instead = piece.bare if fallback == "sft" else ((),) * len(piece.bare)
    return [reasoned or bare for reasoned, bare in zip(piece.reasoned, instead, strict=True)]
