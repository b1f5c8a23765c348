"""The loop, on lines and on a small network with dropout."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from mmkp_core.errors import Damaged, Diverged, Mismatch, Stopped
from mmkp_core.learning import Progress
from mmkp_core.training.fit import Fitted, fit
from mmkp_core.training.objective import Backward, Objective, StepNumbers
from mmkp_core.training.spec import TrainingSpec


@dataclass(frozen=True)
class Numbers:
    x: Tensor
    y: Tensor

    def to(self, device: torch.device) -> "Numbers":
        return Numbers(self.x.to(device), self.y.to(device))


class Line:
    """Samples of y = 3 x, of which some lengths are longer."""

    def __init__(self, count: int) -> None:
        self.x = torch.randn(count, 4, generator=torch.Generator().manual_seed(count))
        self.lengths = np.arange(count) % 7 + 1

    def batch(self, indices: np.ndarray) -> Numbers:
        return Numbers(self.x[indices], 3 * self.x[indices].sum(1, keepdim=True))

    @property
    def keyphrases(self) -> list[list[str]]:
        return [["one"]] * len(self.lengths)

    def names(self, indices: np.ndarray) -> list[str]:
        return [f"post {i}" for i in indices]


class Squares(Objective[Numbers]):
    """Squared error; counts the samples that it has seen, to have a state."""

    def __init__(self, mean: bool = False) -> None:
        self.mean = mean
        self.seen = 0

    def step(self, model: nn.Module, batch: Numbers, backward: Backward) -> StepNumbers:
        loss = ((model(batch.x) - batch.y) ** 2).sum()
        backward(loss)
        self.seen += len(batch.x)
        return StepNumbers({"loss": (loss.item(), len(batch.x))}, divisor=len(batch.x) if self.mean else 0.0)

    def measure(self, model: nn.Module, batch: Numbers) -> StepNumbers:
        return StepNumbers({"loss": (((model(batch.x) - batch.y) ** 2).sum().item(), len(batch.x))})

    def criterion(self, means: Mapping[str, float]) -> float:
        return means["loss"]

    def state(self) -> dict[str, Any]:
        return {"seen": self.seen}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.seen = state.get("seen", 0)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))


def train(model: nn.Module, folder: Path, objective: Objective[Numbers] | None = None, **changes: Any) -> Fitted:
    given: dict[str, Any] = {
        "spec": TrainingSpec(epochs=3, batch_size=8, learning_rate=0.01),
        "seed": 5,
        "identity": "a line",
        "checkpoints": folder,
        "checkpoint_steps": 3,
        "accelerator": Accelerator(cpu=True),
        "report": lambda progress: None,
    }
    return fit(model, objective or Squares(), Line(60), Line(20), **(given | changes))


def weights(model: nn.Module) -> list[list[float]]:
    return [p.detach().flatten().tolist() for p in model.parameters()]


class Killed(Exception):
    pass


def killer(at: int, error: type[Exception] = Killed) -> Any:
    def report(progress: Progress) -> None:
        if progress.done == at:
            raise error

    return report


@pytest.mark.fault(30)
@pytest.mark.parametrize("at", [2, 3, 8, 13], ids=["within", "at a checkpoint", "at an epoch's end", "later"])
def test_a_training_that_is_asked_to_end_goes_on_at_the_next_step(tmp_path: Path, at: int) -> None:
    undisturbed = network()
    expected = train(undisturbed, tmp_path / "undisturbed")
    with pytest.raises(Stopped):
        train(network(), tmp_path / "stopped", report=killer(at, Stopped))
    again, steps = network(), list[int]()
    found = train(again, tmp_path / "stopped", report=lambda progress: steps.append(progress.done))
    assert steps[0] == at + 1
    assert weights(again) == weights(undisturbed)
    assert found == expected


@pytest.mark.parametrize("at", [2, 5, 8, 13])
def test_a_killed_training_ends_in_the_same_bits_as_an_undisturbed_one(tmp_path: Path, at: int) -> None:
    undisturbed = network()
    expected = train(undisturbed, tmp_path / "undisturbed")

    with pytest.raises(Killed):
        train(network(), tmp_path / "killed", report=killer(at))
    again, objective = network(), Squares()
    found = train(again, tmp_path / "killed", objective)

    assert weights(again) == weights(undisturbed)
    assert found == expected
    assert objective.seen == 180


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    first = network()
    train(first, tmp_path)
    second = network()
    steps: list[int] = []
    train(second, tmp_path, report=lambda progress: steps.append(progress.done))

    assert steps == []
    assert weights(second) == weights(first)


def test_the_random_state_outside_is_left_alone(tmp_path: Path) -> None:
    model = network()
    before = torch.get_rng_state()
    train(model, tmp_path)

    assert torch.equal(torch.get_rng_state(), before)


def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient(tmp_path: Path) -> None:
    model = nn.Linear(4, 1, bias=False)
    nn.init.zeros_(model.weight)
    spec = TrainingSpec(epochs=1, batch_size=60, learning_rate=0.01, clip=0)
    train(model, tmp_path, spec=spec)

    assert weights(model) == [pytest.approx([0.01] * 4, abs=1e-6)]


def test_a_divisor_makes_the_mean_of_a_sum(tmp_path: Path) -> None:
    summed, mean = Squares(), Squares(mean=True)
    norms = []
    for objective in (summed, mean):
        model = nn.Linear(4, 1, bias=False)
        nn.init.zeros_(model.weight)
        gradients: list[Tensor] = []
        model.weight.register_post_accumulate_grad_hook(lambda p, kept=gradients: kept.append(p.grad))
        spec = TrainingSpec(epochs=1, batch_size=60, clip=0)
        train(model, tmp_path / str(objective.mean), objective, spec=spec)
        norms.append(gradients[0])  # the tensor itself: the loop has scaled it in place
    assert norms[0].norm() == pytest.approx(60 * norms[1].norm().item(), rel=1e-5)


def test_a_long_gradient_is_scaled_down_to_the_clip(tmp_path: Path) -> None:
    model = nn.Linear(4, 1, bias=False)
    gradients: list[Tensor] = []
    model.weight.register_post_accumulate_grad_hook(lambda p: gradients.append(p.grad))
    train(model, tmp_path, spec=TrainingSpec(epochs=1, batch_size=60, clip=0.25))

    assert gradients[0].norm().item() == pytest.approx(0.25, rel=1e-5)


def test_the_rate_halves_where_validation_does_not_improve_and_training_ends(tmp_path: Path) -> None:
    class NeverBetter(Squares):
        def criterion(self, means: Mapping[str, float]) -> float:
            return 1.0

    spec = TrainingSpec(epochs=50, batch_size=60, learning_rate=0.64, patience=3)
    found = train(network(), tmp_path, NeverBetter(), spec=spec)

    rates = [point.value for point in found.curve if point.name == "rate"]
    assert rates == pytest.approx([0.64, 0.64, 0.32, 0.16, 0.08])  # the first epoch is the best, then four without gain
    assert (found.epochs, found.best_epoch) == (5, 1)


def test_the_weights_of_the_best_epoch_are_kept(tmp_path: Path) -> None:
    class BestInTheMiddle(Squares):
        epoch = 0

        def begin_epoch(self, epoch: int) -> None:
            self.epoch = epoch

        def criterion(self, means: Mapping[str, float]) -> float:
            return abs(self.epoch - 2)

    spec = TrainingSpec(epochs=4, batch_size=8, schedule="constant", patience=0)
    longer, shorter = network(), network()
    found = train(longer, tmp_path / "longer", BestInTheMiddle(), spec=spec)
    train(shorter, tmp_path / "shorter", spec=TrainingSpec(epochs=2, batch_size=8, schedule="constant", patience=0))

    assert found.best_epoch == 2
    assert weights(longer) == weights(shorter)


def test_a_frozen_part_does_not_move_and_is_not_saved(tmp_path: Path) -> None:
    model = network()
    model[0].requires_grad_(False)
    before = weights(model)
    train(model, tmp_path)
    after = weights(model)

    assert after[:2] == before[:2]
    assert after[2:] != before[2:]
    from safetensors import safe_open

    with safe_open(next(tmp_path.glob("best-*.safetensors")), "pt") as kept:
        assert set(kept.keys()) == {"3.weight", "3.bias"}


def test_a_loss_that_is_no_number_stops_with_the_step_and_the_posts(tmp_path: Path) -> None:
    class Breaks(Squares):
        steps = 0

        def step(self, model: nn.Module, batch: Numbers, backward: Backward) -> StepNumbers:
            self.steps += 1
            numbers = super().step(model, batch, backward)
            return StepNumbers({"loss": (math.nan, 1)}) if self.steps == 10 else numbers

    with pytest.raises(Diverged, match=r"step 10 \(epoch 2\): loss is not a number; .*learning_rate.* post \d+"):
        train(network(), tmp_path, Breaks())


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    train(network(), tmp_path)

    with pytest.raises(Mismatch, match="another training"):
        train(network(), tmp_path, identity="a curve")


@pytest.mark.fault(16)
@pytest.mark.parametrize("name", ["model.safetensors", "optimiser.safetensors", "loop.json"])
@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, name: str, harm: str) -> None:
    train(network(), tmp_path)
    damage(next(tmp_path.glob(f"checkpoint-*/{name}")), harm)

    with pytest.raises(Damaged, match=r"delete .* to train anew"):
        train(network(), tmp_path)


@pytest.mark.fault(16)
@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_damaged_best_weights_are_named(tmp_path: Path, harm: str) -> None:
    train(network(), tmp_path)
    damage(next(tmp_path.glob("best-*.safetensors")), harm)

    with pytest.raises(Damaged, match=r"best-.*delete .* to train anew"):
        train(network(), tmp_path)


def damage(path: Path, harm: str) -> None:
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data[: len(data) // 2] if harm == "cut" else data)
