"""What neighbours lend a writer: their keyphrases, weighed by what is known of each.

    weight = softmax over a post's phrases of FFN(facts)

Axes: B posts, K phrases, T words of a phrase, S copied words.
"""

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.block import Block, Sizes
from mmkp_core.classic.blocks.writer import Lent, Sources
from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.fields.neighbours import NeighbourField
from mmkp_core.classic.memory import FACTS
from mmkp_core.classic.parts.neighbours import NeighbourSpec
from mmkp_core.data.vocabulary import PAD


class Neighbours(Block):
    fields: ClassVar[tuple[AnyField, ...]] = (NeighbourField,)
    mean_F: Tensor
    deviation_F: Tensor

    def __init__(self, spec: NeighbourSpec, sizes: Sizes) -> None:
        super().__init__()
        self.weigh = nn.Sequential(nn.Linear(len(FACTS), spec.inner), nn.ReLU(), nn.Linear(spec.inner, 1))
        self.register_buffer("mean_F", torch.zeros(len(FACTS)))
        self.register_buffer("deviation_F", torch.ones(len(FACTS)))

    def prepare(self, train: FieldInputs) -> None:
        """Facts are standardised on the training posts."""
        import numpy as np

        given = NeighbourField(train).batch(np.arange(len(train.examples)))
        facts_NF = given.facts_BKF[given.words_BKT[:, :, 0] != PAD].double()
        if len(facts_NF) > 1:
            self.mean_F.copy_(facts_NF.mean(0))
            self.deviation_F.copy_(facts_NF.std(0).clamp(min=1e-6))

    def forward(self, sources: Sources, batch: ClassicBatch) -> Sources:
        given = batch[NeighbourField]
        there_BK = given.words_BKT[:, :, 0] != PAD
        facts_BKF = (given.facts_BKF - self.mean_F) / self.deviation_F
        logits_BK = self.weigh(facts_BKF).squeeze(-1).masked_fill(~there_BK, torch.finfo(facts_BKF.dtype).min)
        weights_BK = logits_BK.softmax(-1) * there_BK
        copied_BS = torch.cat((sources.copied_BS, given.words_BKT.flatten(1)), dim=1)
        return replace(sources, copied_BS=copied_BS, lent=Lent(given.words_BKT, weights_BK))
