"""What happens to a step's gradient between the objective and the optimiser: division, clipping, and a last check."""

import math
from collections.abc import Sequence

import torch
from accelerate import Accelerator
from torch import nn

from mmkp_core.errors import Diverged
from mmkp_core.training.checkpoint import LoopState
from mmkp_core.training.objective import StepNumbers

POSTS_NAMED = 8  # in the message about a step that left the numbers


def settle_gradient(
    trained: Sequence[nn.Parameter], numbers: StepNumbers, clip: float, accelerator: Accelerator
) -> float:
    """Divide by what the objective says, clip, and return the norm before clipping."""
    gradients = [parameter.grad for parameter in trained if parameter.grad is not None]
    factor = 1.0
    if accelerator.num_processes > 1:  # there gradients arrive averaged over processes
        factor = float(accelerator.num_processes)
    if numbers.divisor:
        divisor = torch.tensor(numbers.divisor, device=accelerator.device)
        factor /= float(accelerator.reduce(divisor, "sum")) if accelerator.num_processes > 1 else numbers.divisor
    norm = float(nn.utils.get_total_norm(gradients)) * factor
    if 0 < clip < norm:
        factor *= clip / norm
    if factor != 1.0:
        for gradient in gradients:
            gradient.mul_(factor)
    return norm


def require_finite(numbers: StepNumbers, norm: float, state: LoopState, posts: Sequence[str]) -> None:
    """Stop before a loss or gradient that is no number reaches the weights; `posts` are those of the step."""
    wrong = [name for name, (total, _) in numbers.sums.items() if not math.isfinite(total)]
    if not math.isfinite(norm):
        wrong.append("the gradient")
    if wrong:
        further = len(posts) - POSTS_NAMED
        raise Diverged(
            f"step {state.step + 1} (epoch {state.epoch}): {', '.join(wrong)} is not a number; "
            f"lower training.learning_rate, or look at the batch's posts: {', '.join(posts[:POSTS_NAMED])}"
            f"{f' and {further} more' if further > 0 else ''}"
        )
