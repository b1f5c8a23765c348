"""SFT: the student learns to write the answer.

Ma et al. (EMNLP 2025) use it beside zero-shot as the lower bound of what vision-language models do; their format is
not known, ours stands in `prompts`.
"""

from collections.abc import Mapping
from typing import final

from torch import nn

from mmkp_core.training.objective import Backward, Objective, StepNumbers
from mmkp_core.vlm.backbone import Vlm
from mmkp_core.vlm.objective import Count, teach
from mmkp_core.vlm.posts import Pieces
from mmkp_core.vlm.spec import Sft


@final
class SftObjective(Objective[Pieces]):
    def __init__(self, vlm: Vlm, spec: Sft) -> None:
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
            teach(model, piece, self._vlm.see(piece.prompts.pictures), piece.bare, count, backward)
        return count.numbers()
