"""Objectives of classic systems: sums over a batch, as the released code adds them, never averaged."""

from abc import abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.model import KeyphraseModel, Losses
from mmkp_core.training.objective import Backward, Objective, StepNumbers


class SummedLoss(Objective[ClassicBatch]):
    """The losses that `losses` finds are added for the gradient; validation adds their means."""

    @abstractmethod
    def losses(self, model: KeyphraseModel, batch: ClassicBatch) -> Losses:
        """At least one."""

    def step(self, model: nn.Module, batch: ClassicBatch, backward: Backward) -> StepNumbers:
        losses: Losses = model(batch, self.losses)
        total, *others = (loss for loss, _ in losses.values())
        for other in others:
            total = total + other
        backward(total)
        return _numbers(losses)

    def measure(self, model: nn.Module, batch: ClassicBatch) -> StepNumbers:
        return _numbers(model(batch, self.losses))

    def criterion(self, means: Mapping[str, float]) -> float:
        return sum(means.values())


def generation_loss(log_likelihood_M: Tensor) -> tuple[Tensor, int]:
    return -log_likelihood_M.sum(), len(log_likelihood_M)


def _numbers(losses: Losses) -> StepNumbers:
    return StepNumbers({name: (loss.item(), float(count)) for name, (loss, count) in losses.items()})
