"""The training loop, the only one: epoch after epoch it lets an objective make a model better.

Devices, precision and several processes are `accelerate`'s; what a loss is belongs to the objective. The loop itself
cuts batches, clips, validates, lowers the rate, stops early, keeps the best weights and writes checkpoints
from which a killed run ends in the same bits as an undisturbed one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn

from mmkp_core.errors import Stopped
from mmkp_core.learning import CurvePoint, Progress, Report
from mmkp_core.seeding import seed_for
from mmkp_core.training.batching import Indices, balanced_shares, ordered_batches, training_batches
from mmkp_core.training.checkpoint import (
    LoopState,
    drop_other_best,
    load_best,
    load_checkpoint,
    save_best,
    save_checkpoint,
)
from mmkp_core.training.gradient import require_finite, settle_gradient
from mmkp_core.training.objective import Objective, StepNumbers, Tally
from mmkp_core.training.samples import BatchT, Samples
from mmkp_core.training.schedule import MOST_HALVINGS, learning_rate
from mmkp_core.training.spec import TrainingSpec

CURVE_STEPS = 50  # a curve has a point of the training loss every so many steps


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
    objective: Objective[BatchT],
    train: Samples[BatchT],
    valid: Samples[BatchT] | None,
    spec: TrainingSpec,
    *,
    seed: int,
    identity: str,
    checkpoints: Path,
    checkpoint_steps: int,
    accelerator: Accelerator,
    report: Report,
    criterion: Callable[[], float] | None = None,
) -> Fitted:
    """Train `model` in place, going on from what `checkpoints` holds.

    The weights of the epoch with the lowest criterion are kept: `criterion`, asked after each validation, or without
    one the objective's, which it makes of the losses.

    `identity` names what is trained on what. Without `valid` the last epoch's weights are the result. A checkpoint
    is written at each epoch's end, every `checkpoint_steps` steps, and where `report` raises Stopped.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    # of 9.6 M weights on one core: default Adam 65 ms a step, fused 14
    optimiser = torch.optim.AdamW(trained, lr=spec.learning_rate, weight_decay=spec.weight_decay, fused=True)
    model.to(accelerator.device)
    state = load_checkpoint(checkpoints, identity, model, optimiser) or LoopState(identity=identity)
    objective.restore(state.objective)
    wrapped, stepper = accelerator.prepare(model, optimiser)
    loop = _Loop(
        model=model,
        wrapped=wrapped,
        optimiser=optimiser,
        stepper=stepper,
        trained=trained,
        objective=objective,
        train=train,
        valid=valid,
        spec=spec,
        seed=seed,
        state=state,
        tally=Tally(state.sums),
        checkpoints=checkpoints,
        checkpoint_steps=checkpoint_steps,
        accelerator=accelerator,
        report=report,
        criterion=criterion,
    )
    with torch.random.fork_rng():
        while not state.finished:
            loop.run_epoch()
    if state.best_epoch:
        load_best(checkpoints, state.best_epoch, model)
    return Fitted(tuple(state.curve), state.epoch - 1, state.step, state.best_epoch, state.best)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loop(Generic[BatchT]):
    """One training under way; everything that changes is in `state`, `tally`, the model and the optimiser."""

    model: nn.Module
    wrapped: nn.Module
    """The model as `accelerate` runs it."""
    optimiser: torch.optim.Optimizer
    stepper: torch.optim.Optimizer
    """The optimiser as `accelerate` runs it."""
    trained: Sequence[nn.Parameter]
    objective: Objective[BatchT]
    train: Samples[BatchT]
    valid: Samples[BatchT] | None
    spec: TrainingSpec
    seed: int
    state: LoopState
    tally: Tally
    checkpoints: Path
    checkpoint_steps: int
    accelerator: Accelerator
    report: Report
    criterion: Callable[[], float] | None

    @property
    def _steps_in_epoch(self) -> int:
        return math.ceil(len(self.train.lengths) / self.spec.batch_size)

    def run_epoch(self) -> None:
        """The rest of the epoch that the state stands in, its validation, and a checkpoint."""
        state = self.state
        shares = balanced_shares(self.train.keyphrases) if self.spec.sampling == "class_balanced" else None
        batches = training_batches(self.train.lengths, self.spec.batch_size, self.seed, state.epoch, shares)
        if state.step_in_epoch == 0:
            self.objective.begin_epoch(state.epoch)
        self.objective.enter_training(self.wrapped)
        while state.step_in_epoch < len(batches):
            rate = self._step(batches[state.step_in_epoch])
            progress = self._progress()
            last = state.step_in_epoch == len(batches)
            if state.step % CURVE_STEPS == 0 or last:
                state.curve += _points("train", _over_processes(self.tally), state)
                state.curve.append(CurvePoint(state.epoch, state.step, "rate", rate))
                self.tally.sums.clear()
            if state.step % self.checkpoint_steps == 0 and not last:
                self._save()
            try:
                self.report(progress)
            except Stopped:
                self._save()
                raise
        self._end_epoch()
        self._save()
        if self.accelerator.is_main_process:
            drop_other_best(self.checkpoints, state.best_epoch)

    def _step(self, batch: Indices) -> float:
        """Learn one batch, and return the learning rate at which it was learned."""
        state, accelerator = self.state, self.accelerator
        steps = self.spec.epochs * self._steps_in_epoch
        rate = learning_rate(self.spec, state.step, steps, state.halvings)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        indices = _share(batch, accelerator)
        torch.manual_seed(seed_for(self.seed, "step", state.step, accelerator.process_index))
        samples = self.train.batch(indices).to(accelerator.device)
        numbers = self.objective.step(self.wrapped, samples, accelerator.backward)
        norm = settle_gradient(self.trained, numbers, self.spec.clip, accelerator)
        require_finite(numbers, norm, state, self.train.names(indices))
        self.stepper.step()
        self.stepper.zero_grad()
        self.tally.add(numbers)
        state.step += 1
        state.step_in_epoch += 1
        return rate

    def _progress(self) -> Progress:
        note = _note(self.state, self.spec, self.tally)
        return Progress(self.state.step, self.spec.epochs * self._steps_in_epoch, note)

    def _end_epoch(self) -> None:
        """Validate, keep the weights if they are the best, and settle how, or whether, training goes on."""
        state, spec = self.state, self.spec
        if self.valid is not None and len(self.valid.lengths):
            means = self._validation(self.valid)
            found = self.criterion() if self.criterion else self.objective.criterion(means)
            state.curve += _points("valid", means, state)
            state.curve.append(CurvePoint(state.epoch, state.step, "valid/criterion", found))
            if state.best is None or found < state.best:
                state.best, state.best_epoch, state.epochs_without_gain = found, state.epoch, 0
                if self.accelerator.is_main_process:
                    save_best(self.checkpoints, state.epoch, self.model)
            else:
                state.epochs_without_gain += 1
                state.halvings += spec.schedule == "halve_on_plateau"
        exhausted = state.halvings >= MOST_HALVINGS or 0 < spec.patience < state.epochs_without_gain
        state.finished = exhausted or state.epoch == spec.epochs
        state.epoch += 1
        state.step_in_epoch = 0

    def _validation(self, valid: Samples[BatchT]) -> dict[str, float]:
        self.wrapped.eval()
        tally, accelerator = Tally(), self.accelerator
        batches = ordered_batches(valid.lengths, self.spec.batch_size)
        with torch.no_grad():
            for indices in batches[accelerator.process_index :: accelerator.num_processes]:
                tally.add(self.objective.measure(self.wrapped, valid.batch(indices).to(accelerator.device)))
        return _over_processes(tally)

    def _save(self) -> None:
        self.state.sums, self.state.objective = self.tally.sums, self.objective.state()
        if self.accelerator.is_main_process:
            save_checkpoint(self.checkpoints, self.state, self.model, self.optimiser)
        self.accelerator.wait_for_everyone()


def _share(batch: Indices, accelerator: Accelerator) -> Indices:
    """This process's part of a batch; a batch smaller than the processes are many is done whole by each."""
    if len(batch) < accelerator.num_processes:
        return batch
    return batch[accelerator.process_index :: accelerator.num_processes]


def _over_processes(tally: Tally) -> dict[str, float]:
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
