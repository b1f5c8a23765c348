"""The objective of the topics alone, which learn more slowly than what reads them."""

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.model import KeyphraseModel, Losses
from mmkp_core.classic.objectives.loss import SummedLoss
from mmkp_core.classic.parts.stages import TopicLossSpec


class TopicLoss(SummedLoss):
    def __init__(self, spec: TopicLossSpec) -> None:
        pass

    def losses(self, model: KeyphraseModel, batch: ClassicBatch) -> Losses:
        if model.topics is None:
            raise TypeError("a system without topics has none to learn")
        return {"topics": (model.topics(batch).loss, len(batch.rows))}
