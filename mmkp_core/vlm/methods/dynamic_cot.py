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
from typing import TYPE_CHECKING, Annotated, Any, Literal, final

from annotated_types import Ge, Le

from mmkp_core.spec import spec
from mmkp_core.vlm.micro_batch import MicroBatch, MicroBatches
from mmkp_core.vlm.objective import MethodObjective, VlmStep, reasoned_answers
from mmkp_core.vlm.settings import Average, Fallback

if TYPE_CHECKING:
    from torch import Tensor

    from mmkp_core.vlm.backbone import Vlm


@spec
class DynamicCot:
    """Dynamic CoT: the loss of the bare answer decides whether a post is learned with its rationale."""

    method: Literal["dynamic-cot"] = "dynamic-cot"
    gate_direction: Literal["above", "below"] = "above"
    """Which posts get their rationale: those whose loss is above gamma (the hard ones), or below."""
    gate_granularity: Literal["sample", "micro_batch", "global_batch"] = "sample"
    """Whether each post is decided by its own loss, or together by the mean loss of its micro-batch or step."""
    gate_reduction: Literal["token_mean", "sum"] = "token_mean"
    """A post's loss at the gate: mean or sum over its answer's tokens; a sum is larger for many phrases."""
    gamma: float = 0.5
    """The gate, in nats. It does not carry over between tokenizers: see the logged `gamma_quantile`."""
    warmup_steps: Annotated[int, Ge(0), Le(1_000_000)] = 0
    """Steps of plain supervised fine-tuning before the gate opens; an untrained student finds every post hard."""
    loss_mix: Literal["switch", "sum"] = "switch"
    """A gated post's loss: that of rationale and answer in place of the bare answer's, or both added."""
    loss_average: Average = "per_sample"
    """Over what a step's loss is averaged: posts, or tokens (then long rationales weigh more)."""
    no_cot_available: Fallback = "sft"
    """A post without an accepted rationale: learn its bare answer, or leave it out."""


@final
class DynamicCotObjective(MethodObjective):
    def __init__(self, vlm: "Vlm", spec: DynamicCot) -> None:
        super().__init__(vlm, spec.loss_average)
        self._spec = spec
        self._steps = 0

    def learn(self, step: VlmStep, batch: MicroBatches) -> None:
        self._steps += step.backward is not None
        spec = self._spec
        encoded = [step.encode_images(part) for part in batch.parts]
        losses = [self._gate_losses(step, part, images) for part, images in zip(batch.parts, encoded, strict=True)]
        gates = self._gates(step, batch.parts, losses)
        for part, images, gated in zip(batch.parts, encoded, gates, strict=True):
            answers = reasoned_answers(part, spec.no_cot_available)
            chosen = [
                answer if cot or not answer else bare
                for answer, bare, cot in zip(answers, part.bare, gated, strict=True)
            ]
            step.add_answer_loss(part, images, chosen)
            if spec.loss_mix == "sum" and any(gated):
                also = [bare if cot else () for bare, cot in zip(part.bare, gated, strict=True)]
                step.add_answer_loss(part, images, also, second=True)

    def state(self) -> dict[str, Any]:
        return {"steps": self._steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._steps = int(state.get("steps", 0))

    def _gate_losses(self, step: VlmStep, part: MicroBatch, images: Mapping[str, Any]) -> "Tensor":
        """Of each post, what its bare answer costs under the current weights."""
        sums_B, tokens_B = step.bare_losses(part, images)
        means_B = sums_B / tokens_B
        step.count("l_sft", float(means_B.sum()), len(means_B))
        return means_B if self._spec.gate_reduction == "token_mean" else sums_B

    def _gates(self, step: VlmStep, parts: Sequence[MicroBatch], losses: "Sequence[Tensor]") -> list[list[bool]]:
        """Of each post, whether it is learned with its rationale."""
        spec = self._spec
        match spec.gate_granularity:
            case "sample":
                decisive = [loss_B.tolist() for loss_B in losses]
            case "micro_batch":
                decisive = [[float(loss_B.mean())] * len(loss_B) for loss_B in losses]
            case "global_batch":
                mean = _mean_of_all(losses)
                decisive = [[mean] * len(loss_B) for loss_B in losses]
        passes = [
            [loss > spec.gamma if spec.gate_direction == "above" else loss < spec.gamma for loss in row]
            for row in decisive
        ]
        for loss_B in losses:
            step.count("gamma_quantile", float((loss_B < spec.gamma).sum()), len(loss_B))
        open_gate = self._steps > spec.warmup_steps
        gates = [
            [open_gate and passed and bool(reasoned) for passed, reasoned in zip(row, part.reasoned, strict=True)]
            for row, part in zip(passes, parts, strict=True)
        ]
        step.count("share_switched", float(sum(map(sum, gates))), sum(map(len, gates)))
        return gates


def _mean_of_all(losses: "Sequence[Tensor]") -> float:
    """Over the whole step, on every process the same: ranks that decide differently train different methods."""
    import torch  # not above: the spec in this file is read where no model runs
    import torch.distributed as dist

    loss_B = torch.cat(tuple(losses))
    pair = torch.stack((loss_B.sum(), loss_B.new_tensor(float(len(loss_B)))))
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(pair)
    return float(pair[0] / pair[1])
