"""The objective of the hand-over: the writer learns with the words of the classifier's phrases at hand."""

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.model import KeyphraseModel, Losses
from mmkp_core.classic.objectives.loss import SummedLoss, generation_loss
from mmkp_core.classic.parts.stages import HandoverLossSpec


class HandoverLoss(SummedLoss):
    def __init__(self, spec: HandoverLossSpec) -> None:
        pass

    def losses(self, model: KeyphraseModel, batch: ClassicBatch) -> Losses:
        if model.writer is None:
            raise TypeError("a system without a writer cannot learn to copy what the classifier hands over")
        encoded = model.encode(batch)
        sources = model.sources(encoded, model.writer, handover=True)
        likelihood_M = model.writer.log_likelihood(sources, batch, encoded.given.vectors, model.embedding)
        return {"generation": generation_loss(likelihood_M)}
