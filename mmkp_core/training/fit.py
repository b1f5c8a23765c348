"""The training loop, the only one: how does an objective make a model better, epoch after epoch?

Devices, precision and several processes are `accelerate`'s; what a loss is belongs to the objective. The loop itself
cuts batches, clips, validates, lowers the rate, stops early, keeps the best weights and writes checkpoints
from which a killed run ends in the same bits as an undisturbed one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn

from mmkp_core.errors import Diverged
from mmkp_core.seeding import seed_for
from mmkp_core.learning import CurvePoint, Progress, Report
from mmkp_core.training.batching import Indices, ordered_batches, training_batches
from mmkp_core.training.checkpoint import (
    LoopState,
    drop_other_best,
    load_best,
    load_checkpoint,
    save_best,
    save_checkpoint,
)
from mmkp_core.training.objective import Objective, StepNumbers, Tally
from mmkp_core.training.schedule import MOST_HALVINGS, learning_rate
from mmkp_core.training.spec import TrainingSpec

CURVE_STEPS = 50  # a curve has a point of the training loss every so many steps


class Movable(Protocol):
    def to(self, device: torch.device) -> Self: ...


Batch = TypeVar("Batch", bound=Movable)
Given = TypeVar("Given", bound=Movable, covariant=True)


class Samples(Protocol[Given]):
    """Training or validation posts, ready to be cut into batches."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """What batches are sorted by, one figure per sample."""

    def batch(self, indices: Indices) -> Given:
        """These samples as tensors on the CPU."""

    def names(self, indices: Indices) -> Sequence[str]:
        """What a person finds these samples by."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a finished training came to; the model holds the best weights."""

    curve: tuple[CurvePoint, ...]
    epochs: int
    steps: int
    best_epoch: int
    best: float | None


def fit(
    model: nn.Module,
    objective: Objective[Batch],
    train: Samples[Batch],
    valid: Samples[Batch] | None,
    spec: TrainingSpec,
    *,
    seed: int,
    identity: str,
    checkpoints: Path,
    checkpoint_steps: int,
    accelerator: Accelerator,
    report: Report,
) -> Fitted:
    """Train `model` in place, going on from what `checkpoints` holds.

    `identity` names what is trained on what. Without `valid` the last epoch's weights are the result. A checkpoint
    is written at each epoch's end and every `checkpoint_steps` steps.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    # of 9.6 M weights on one core: default Adam 65 ms a step, fused 14
    optimiser = torch.optim.AdamW(trained, lr=spec.learning_rate, weight_decay=spec.weight_decay, fused=True)
    model.to(accelerator.device)
    state = load_checkpoint(checkpoints, identity, model, optimiser) or LoopState(identity=identity)
    objective.restore(state.objective)
    wrapped, stepper = accelerator.prepare(model, optimiser)
    steps = spec.epochs * math.ceil(len(train.lengths) / spec.batch_size)
    tally = Tally(state.sums)

    def save() -> None:
        state.sums, state.objective = tally.sums, objective.state()
        if accelerator.is_main_process:
            save_checkpoint(checkpoints, state, model, optimiser)
        accelerator.wait_for_everyone()

    with torch.random.fork_rng():
        while not state.finished:
            batches = training_batches(train.lengths, spec.batch_size, seed, state.epoch)
            if state.step_in_epoch == 0:
                objective.begin_epoch(state.epoch)
            objective.enter_training(wrapped)
            while state.step_in_epoch < len(batches):
                rate = learning_rate(spec, state.step, steps, state.halvings)
                for group in optimiser.param_groups:
                    group["lr"] = rate
                indices = _share(batches[state.step_in_epoch], accelerator)
                torch.manual_seed(seed_for(seed, "step", state.step, accelerator.process_index))
                numbers = objective.step(wrapped, train.batch(indices).to(accelerator.device), accelerator.backward)
                norm = _settle_gradient(trained, numbers, spec.clip, accelerator)
                _require_numbers(numbers, norm, state, train, indices)
                stepper.step()
                stepper.zero_grad()
                tally.add(numbers)
                state.step += 1
                state.step_in_epoch += 1
                report(Progress(state.step, steps, _note(state, spec, tally)))
                if state.step % CURVE_STEPS == 0 or state.step_in_epoch == len(batches):
                    state.curve += _points("train", _together(tally), state)
                    state.curve.append(CurvePoint(state.epoch, state.step, "rate", rate))
                    tally.sums.clear()
                if state.step % checkpoint_steps == 0 and state.step_in_epoch < len(batches):
                    save()
            _end_epoch(wrapped, objective, valid, spec, state, accelerator, checkpoints)
            save()
            if accelerator.is_main_process:
                drop_other_best(checkpoints, state.best_epoch)
    if state.best_epoch:
        load_best(checkpoints, state.best_epoch, model)
    return Fitted(tuple(state.curve), state.epoch - 1, state.step, state.best_epoch, state.best)


def _end_epoch(
    model: nn.Module,
    objective: Objective[Batch],
    valid: Samples[Batch] | None,
    spec: TrainingSpec,
    state: LoopState,
    accelerator: Accelerator,
    checkpoints: Path,
) -> None:
    """Validate, keep the weights if they are the best, and settle how, or whether, training goes on."""
    if valid is not None and len(valid.lengths):
        means = _validation(model, objective, valid, spec.batch_size, accelerator)
        found = objective.criterion(means)
        state.curve += _points("valid", means, state)
        state.curve.append(CurvePoint(state.epoch, state.step, "valid/criterion", found))
        if state.best is None or found < state.best:
            state.best, state.best_epoch, state.epochs_without_gain = found, state.epoch, 0
            if accelerator.is_main_process:
                save_best(checkpoints, state.epoch, accelerator.unwrap_model(model))
        else:
            state.epochs_without_gain += 1
            state.halvings += spec.schedule == "halve_on_plateau"
    exhausted = state.halvings >= MOST_HALVINGS or 0 < spec.patience < state.epochs_without_gain
    state.finished = exhausted or state.epoch == spec.epochs
    state.epoch += 1
    state.step_in_epoch = 0


def _validation(
    model: nn.Module, objective: Objective[Batch], valid: Samples[Batch], batch_size: int, accelerator: Accelerator
) -> dict[str, float]:
    model.eval()
    tally = Tally()
    batches = ordered_batches(valid.lengths, batch_size)
    with torch.no_grad():
        for indices in batches[accelerator.process_index :: accelerator.num_processes]:
            tally.add(objective.measure(model, valid.batch(indices).to(accelerator.device)))
    return _together(tally)


def _share(batch: Indices, accelerator: Accelerator) -> Indices:
    """This process's part of a batch; a batch smaller than the processes are many is done whole by each."""
    if len(batch) < accelerator.num_processes:
        return batch
    return batch[accelerator.process_index :: accelerator.num_processes]


def _settle_gradient(
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


def _require_numbers(
    numbers: StepNumbers, norm: float, state: LoopState, train: Samples[Batch], indices: Indices
) -> None:
    wrong = [name for name, (total, _) in numbers.sums.items() if not math.isfinite(total)]
    if not math.isfinite(norm):
        wrong.append("the gradient")
    if wrong:
        posts = train.names(indices)
        raise Diverged(
            f"step {state.step + 1} (epoch {state.epoch}): {', '.join(wrong)} is not a number; "
            f"lower training.learning_rate, or look at the batch's posts: {', '.join(posts[:8])}"
            f"{f' and {len(posts) - 8} more' if len(posts) > 8 else ''}"
        )


def _together(tally: Tally) -> dict[str, float]:
    """Means over all processes."""
    whole = Tally()
    for sums in gather_object([tally.sums]):
        whole.add(StepNumbers(sums))
    return whole.means()


def _points(kind: str, means: Mapping[str, float], state: LoopState) -> list[CurvePoint]:
    return [CurvePoint(state.epoch, state.step, f"{kind}/{name}", value) for name, value in means.items()]


def _note(state: LoopState, spec: TrainingSpec, tally: Tally) -> str:
    losses = ", ".join(f"{name} {value:.3f}" for name, value in tally.means().items())
    return f"epoch {state.epoch} of {spec.epochs}: {losses}"
