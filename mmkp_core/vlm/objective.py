"""What do all methods share? Losses of answers, summed and divided as the spec says, and the figures logged with them.

A method chooses which tokens each post is to answer; what follows from that is the same for every method, which
is why their limiting cases coincide to the last bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from mmkp_core.training.objective import Backward, StepNumbers
from mmkp_core.vlm.backbone import answer_losses
from mmkp_core.vlm.conversation import with_answers
from mmkp_core.vlm.posts import Piece
from mmkp_core.vlm.spec import Average

Answers = Sequence[Sequence[int]]


@dataclass(slots=True)
class Count:
    """What one step adds up to."""

    average: Average
    posts: int = 0
    tokens: int = 0
    loss: float = 0.0
    rationale_tokens: int = 0
    further: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, name: str, total: float, over: float) -> None:
        before = self.further.get(name, (0.0, 0.0))
        self.further[name] = (before[0] + total, before[1] + over)

    def numbers(self) -> StepNumbers:
        sums = {
            "loss": (self.loss, float(self.posts)),
            "answer_tokens": (float(self.tokens - self.rationale_tokens), float(self.posts)),
            "rationale_tokens": (float(self.rationale_tokens), float(self.posts)),
        }
        divisor = self.posts if self.average == "per_sample" else self.tokens
        return StepNumbers({name: pair for name, pair in {**sums, **self.further}.items() if pair[1]}, float(divisor))


def teach(
    model: nn.Module, piece: Piece, seen: Mapping[str, Any], answers: Answers, count: Count, backward: Backward | None
) -> None:
    """Add the loss of these answers, one a post; a post with an empty one is left out."""
    if not any(answers):
        return
    sums_B, tokens_B = answer_losses(model, with_answers(piece.prompts, answers), seen)
    means_B = sums_B / tokens_B.clamp(min=1)
    if backward is not None:
        backward((means_B if count.average == "per_sample" else sums_B).sum())
    count.loss += float(means_B.detach().sum())
    count.tokens += int(tokens_B.sum())
    for answer, reasoned, extra in zip(answers, piece.reasoned, piece.rationale_tokens, strict=True):
        count.posts += bool(answer)
        count.rationale_tokens += extra if answer and answer is reasoned else 0


def bare_losses(model: nn.Module, piece: Piece, seen: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Of each post, the summed loss of its bare answer and the number of its tokens; no dropout, no gradient."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    with torch.no_grad():
        losses = answer_losses(model, with_answers(piece.prompts, piece.bare), seen)
    for module in training:
        module.training = True
    return losses
