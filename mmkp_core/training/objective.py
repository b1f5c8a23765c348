"""An objective says what is learned: from a model and a batch it makes a gradient.

The loop in `fit` knows epochs, rates and checkpoints; an objective knows losses. It decides sample by sample what
enters the gradient: it may call `backward` once for a batch, several times (extra variants of a sample), or for some
samples only (a gate), and it may write into the parameters' gradients itself. Losses are sums; what the
summed gradient is divided by is a number of its own, so that a mean over tokens stays right however a batch is cut.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from mmkp_core.training.samples import BatchT

if TYPE_CHECKING:  # specs stand beside objectives, and a spec must not load torch
    from torch import Tensor, nn

Backward = Callable[["Tensor"], None]


@dataclass(frozen=True, slots=True)
class StepNumbers:
    """What one batch came to."""

    sums: Mapping[str, tuple[float, float]]
    """name -> (sum, how many it is over); curves show the quotient over many batches."""
    divisor: float = 0.0
    """The gradient is divided by this, added up over processes (tokens, say). 0: it stays a sum."""


@dataclass(slots=True)
class Tally:
    """Running sums of step numbers."""

    sums: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, numbers: StepNumbers) -> None:
        for name, (total, count) in numbers.sums.items():
            before = self.sums.get(name, (0.0, 0.0))
            self.sums[name] = (before[0] + total, before[1] + count)

    def means(self) -> dict[str, float]:
        return {name: total / count for name, (total, count) in self.sums.items() if count}


class Objective(ABC, Generic[BatchT]):
    """One way to train. Implementations are final."""

    @abstractmethod
    def step(self, model: "nn.Module", batch: BatchT, backward: Backward) -> StepNumbers:
        """Add the batch's gradient to the parameters."""

    @abstractmethod
    def measure(self, model: "nn.Module", batch: BatchT) -> StepNumbers:
        """The same figures without a gradient, for validation."""

    @abstractmethod
    def criterion(self, means: Mapping[str, float]) -> float:
        """The figure, lower is better, by which the best weights are chosen."""

    def enter_training(self, model: "nn.Module") -> None:
        """Called before each epoch's steps: a part that is frozen may stay in evaluation mode."""
        model.train()

    def begin_epoch(self, epoch: int) -> None:
        """Called before each epoch's steps, from 1 on."""

    def state(self) -> dict[str, Any]:
        """What the objective has learned of its samples, as JSON; goes into checkpoints."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
