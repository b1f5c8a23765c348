"""What is a classic system trained for? Sums over a batch, as the released code adds them, never averaged."""

from collections.abc import Mapping

from torch import nn

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.model import KeyphraseModel, Losses
from mmkp_core.training.objective import Backward, Objective, StepNumbers


class PhraseLoss(Objective[ClassicBatch]):
    """Generation plus, where there is a classifier, classification."""

    def step(self, model: nn.Module, batch: ClassicBatch, backward: Backward) -> StepNumbers:
        losses: Losses = model(batch, handover=False)
        backward(losses.generation if losses.classification is None else losses.generation + losses.classification)
        return _numbers(losses)

    def measure(self, model: nn.Module, batch: ClassicBatch) -> StepNumbers:
        return _numbers(model(batch, handover=False))

    def criterion(self, means: Mapping[str, float]) -> float:
        return sum(means.values())


class HandoverLoss(Objective[ClassicBatch]):
    """Generation with the classifier's words at hand, over a reader that stays as it is."""

    def step(self, model: nn.Module, batch: ClassicBatch, backward: Backward) -> StepNumbers:
        losses: Losses = model(batch, handover=True)
        backward(losses.generation)
        return StepNumbers({"generation": (losses.generation.item(), losses.words)})

    def measure(self, model: nn.Module, batch: ClassicBatch) -> StepNumbers:
        losses: Losses = model(batch, handover=True)
        return StepNumbers({"generation": (losses.generation.item(), losses.words)})

    def criterion(self, means: Mapping[str, float]) -> float:
        return means["generation"]

    def enter_training(self, model: nn.Module) -> None:
        model.train()
        for part in model.modules():
            if isinstance(part, KeyphraseModel):
                part.reader_eval()


def _numbers(losses: Losses) -> StepNumbers:
    sums = {"generation": (losses.generation.item(), float(losses.words))}
    if losses.classification is not None:
        sums["classification"] = (losses.classification.item(), float(losses.phrases))
    return StepNumbers(sums)
