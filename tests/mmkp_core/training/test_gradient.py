import math

import pytest
import torch
from accelerate import Accelerator
from torch import nn

from mmkp_core.errors import Diverged
from mmkp_core.training.checkpoint import LoopState
from mmkp_core.training.gradient import require_finite, settle_gradient
from mmkp_core.training.objective import StepNumbers


def weights_with_gradient(*numbers: float) -> list[nn.Parameter]:
    parameter = nn.Parameter(torch.zeros(len(numbers)))
    parameter.grad = torch.tensor(numbers)
    return [parameter, nn.Parameter(torch.zeros(1))]  # the second has taken no part in the step


@pytest.mark.parametrize(
    ("divisor", "clip", "norm", "gradient"),
    [
        (0.0, 0.0, 5.0, [3.0, 4.0]),  # a sum that is never clipped stays as it is
        (2.0, 0.0, 2.5, [1.5, 2.0]),
        (0.0, 1.0, 5.0, [0.6, 0.8]),
        (2.0, 1.0, 2.5, [0.6, 0.8]),  # clipped after the division
        (10.0, 1.0, 0.5, [0.3, 0.4]),  # short enough
    ],
)
def test_a_gradient_is_divided_then_clipped_and_its_norm_is_that_before_clipping(
    divisor: float, clip: float, norm: float, gradient: list[float]
) -> None:
    trained = weights_with_gradient(3.0, 4.0)
    found = settle_gradient(trained, StepNumbers({}, divisor), clip, Accelerator(cpu=True))
    assert found == pytest.approx(norm)
    assert trained[0].grad is not None and trained[0].grad.tolist() == pytest.approx(gradient)
    assert trained[1].grad is None


def test_numbers_pass() -> None:
    require_finite(StepNumbers({"loss": (1.0, 2.0)}), 3.0, LoopState(identity="x"), ["post"])


@pytest.mark.parametrize(
    ("loss", "norm", "what"),
    [(math.nan, 1.0, "loss is"), (1.0, math.inf, "the gradient is"), (math.inf, math.nan, ",")],
)
def test_what_is_no_number_stops_the_training_with_its_place(loss: float, norm: float, what: str) -> None:
    state = LoopState(identity="x", epoch=3, step=41)
    with pytest.raises(Diverged, match=r"step 42 \(epoch 3\)") as stopped:
        require_finite(StepNumbers({"loss": (loss, 1.0)}), norm, state, [f"p{i}" for i in range(10)])
    assert what in str(stopped.value)
    assert str(stopped.value).endswith("p0, p1, p2, p3, p4, p5, p6, p7 and 2 more")
