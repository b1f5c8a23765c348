"""Dynamic CoT: rationales enter training where the student, as it is now, needs them.

Ma et al., "Boosting Multi-modal Keyphrase Prediction with Dynamic Chain-of-Thought in Vision-Language Models" (EMNLP
2025). A threshold gamma on the loss of the bare answer governs whether a post is learned with its rationale; when it
answers, the student decides by itself whether to reason. What is known of the paper does not settle the gate's
direction, granularity, reduction, warm-up or mix: each is a field of `DynamicCot`, and their values are ours.

    use_cot(i) = has_cot(i) and l_sft(i) > gamma
    L = mean_i ( l_cot(i) if use_cot(i) else l_sft(i) )

The gate looks at the current weights without dropout, so it draws no random numbers: gamma = +inf is SFT, and -inf
Fine-tune-CoT, gradient for gradient.
"""

from collections.abc import Mapping, Sequence
from typing import Any, final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from mmkp_core.training.objective import Backward, Objective, StepNumbers
from mmkp_core.vlm.backbone import Vlm
from mmkp_core.vlm.methods.finetune_cot import reasoned_answers
from mmkp_core.vlm.objective import Count, bare_losses, teach
from mmkp_core.vlm.posts import Piece, Pieces
from mmkp_core.vlm.spec import DynamicCot


@final
class DynamicCotObjective(Objective[Pieces]):
    def __init__(self, vlm: Vlm, spec: DynamicCot) -> None:
        self._vlm = vlm
        self._spec = spec
        self._steps = 0

    def step(self, model: nn.Module, batch: Pieces, backward: Backward) -> StepNumbers:
        self._steps += 1
        return self._run(model, batch, backward)

    def measure(self, model: nn.Module, batch: Pieces) -> StepNumbers:
        return self._run(model, batch, None)

    def criterion(self, means: Mapping[str, float]) -> float:
        return means["loss"]

    def state(self) -> dict[str, Any]:
        return {"steps": self._steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._steps = int(state.get("steps", 0))

    def _run(self, model: nn.Module, batch: Pieces, backward: Backward | None) -> StepNumbers:
        spec, count = self._spec, Count(self._spec.loss_average)
        seen = [self._vlm.see(piece.prompts.pictures) for piece in batch.pieces]
        losses = [self._gate_losses(model, piece, saw, count) for piece, saw in zip(batch.pieces, seen, strict=True)]
        for piece, saw, gated in zip(batch.pieces, seen, self._gated(batch.pieces, losses, count), strict=True):
            answers = reasoned_answers(piece, spec.no_cot_available)
            chosen = [
                answer if cot or not answer else bare
                for answer, bare, cot in zip(answers, piece.bare, gated, strict=True)
            ]
            teach(model, piece, saw, chosen, count, backward)
            if spec.loss_mix == "sum" and any(gated):
                posts = count.posts
                also = [bare if cot else () for bare, cot in zip(piece.bare, gated, strict=True)]
                teach(model, piece, saw, also, count, backward)
                count.posts = posts  # one post, two losses
        return count.numbers()

    def _gate_losses(self, model: nn.Module, piece: Piece, seen: Mapping[str, Any], count: Count) -> Tensor:
        """Of each post, what its bare answer costs under the current weights."""
        sums_B, tokens_B = bare_losses(model, piece, seen)
        means_B = sums_B / tokens_B
        count.add("l_sft", float(means_B.sum()), len(means_B))
        return means_B if self._spec.gate_reduction == "token_mean" else sums_B

    def _gated(self, pieces: Sequence[Piece], losses: Sequence[Tensor], count: Count) -> list[list[bool]]:
        """Of each post, whether it is learned with its rationale."""
        spec = self._spec
        match spec.gate_granularity:
            case "sample":
                decided = [loss_B.tolist() for loss_B in losses]
            case "micro_batch":
                decided = [[float(loss_B.mean())] * len(loss_B) for loss_B in losses]
            case "global_batch":
                mean = _mean_of_all(torch.cat(tuple(losses)))
                decided = [[mean] * len(loss_B) for loss_B in losses]
        passes = [
            [loss > spec.gamma if spec.gate_direction == "above" else loss < spec.gamma for loss in piece]
            for piece in decided
        ]
        for loss_B in losses:
            count.add("gamma_quantile", float((loss_B < spec.gamma).sum()), len(loss_B))
        open_gate = self._steps > spec.warmup_steps
        gated = [
            [open_gate and passed and bool(reasoned) for passed, reasoned in zip(row, piece.reasoned, strict=True)]
            for row, piece in zip(passes, pieces, strict=True)
        ]
        count.add("share_switched", float(sum(map(sum, gated))), sum(map(len, gated)))
        return gated


def _mean_of_all(loss_B: Tensor) -> float:
    """Over the whole step, on every process the same: ranks that decide differently train different methods."""
    pair = torch.stack((loss_B.sum(), loss_B.new_tensor(float(len(loss_B)))))
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(pair)
    return float(pair[0] / pair[1])
