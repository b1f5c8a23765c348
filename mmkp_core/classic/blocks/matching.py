"""The noise filter of MM-MKP: an image's cells weigh by how well they, and the whole image, go with the text.

    m     = the words' states pooled by their maximum
    p     = softmax(W asked + b), of "matches"        asked: what m finds in the cells (or the cells' mean in the words)
    A_i   = (W_q m) . (W_k cell_i) / sqrt(d) + p
    w_i   = FFN(A_i)
    cell' = sigmoid(w_i) cell_i

Axes: B posts, L words, P cells, H hidden.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.attention import MultiHeadLayer, masked_max, masked_mean
from mmkp_core.classic.blocks.block import Block, ImageStates, Sizes, TextStates
from mmkp_core.classic.fields.matches import MatchField
from mmkp_core.classic.parts.matching import MatchingSpec


@dataclass(frozen=True, slots=True)
class Matched:
    """How a text and an image go together."""

    logits_B2: Tensor | None
    """That they do not, that they do; None where that is not asked."""
    score_BP: Tensor
    """A: of each cell."""
    weight_BP: Tensor
    """w: its weight before the sigmoid."""


class Matching(Block):
    fields: ClassVar[tuple[AnyField, ...]] = (MatchField,)

    def __init__(self, spec: MatchingSpec, sizes: Sizes) -> None:
        super().__init__()
        self.spec = spec
        hidden = sizes.hidden
        learned = spec.whole == "learned"
        self.ask = MultiHeadLayer(hidden, spec.heads, spec.head_size, sizes.dropout) if learned else None
        self.decide = nn.Linear(hidden, 2) if learned else None
        self.text = nn.Linear(hidden, spec.shared, bias=False) if spec.regions else None
        self.cell = nn.Linear(hidden, spec.shared, bias=False) if spec.regions else None
        self.weigh = nn.Sequential(nn.Linear(1, spec.inner), nn.ReLU(), nn.Linear(spec.inner, 1))

    def forward(self, text: TextStates, image: ImageStates, batch: ClassicBatch) -> tuple[Matched, "FilteredCells"]:
        cells_BPH = image.cells()
        logits_B2 = self.decided(text, image, cells_BPH)
        match_B = batch[MatchField].score_B if self.spec.whole == "given" else _probability(logits_B2)
        score_BP = self.scores(masked_max(text.states_BLH, text.mask_BL), cells_BPH, match_B)
        weight_BP = self.weights(score_BP)
        filtered = FilteredCells(torch.sigmoid(weight_BP).unsqueeze(-1) * cells_BPH, image.mask_BP)
        return Matched(logits_B2, score_BP, weight_BP), filtered

    def decided(self, text: TextStates, image: ImageStates, cells_BPH: Tensor) -> Tensor | None:
        """[B, 2] whether text and image match, where that is learned."""
        if self.ask is None or self.decide is None:
            return None
        if self.spec.asks == "text":
            asked_BH = self.ask(masked_max(text.states_BLH, text.mask_BL), cells_BPH, image.mask_BP)
        else:
            asked_BH = self.ask(image.mean(), text.states_BLH, text.mask_BL)
        logits_B2: Tensor = self.decide(asked_BH)
        return logits_B2

    def scores(self, pooled_BH: Tensor, cells_BPH: Tensor, match_B: Tensor | None) -> Tensor:
        """A [B, P] of each cell, of a text that is pooled."""
        score_BP = cells_BPH.new_zeros(cells_BPH.shape[:2])
        averaged = self.spec.joined == "averaged"
        if self.text is not None and self.cell is not None:
            score_BP = torch.bmm(self.cell(cells_BPH), self.text(pooled_BH).unsqueeze(-1)).squeeze(-1)
            if not averaged:
                score_BP = score_BP / math.sqrt(self.spec.shared)
        if match_B is not None:
            score_BP = score_BP + match_B.unsqueeze(1)
            if averaged:
                score_BP = score_BP / 2
        return score_BP / math.sqrt(self.spec.head_size) if averaged else score_BP

    def weights(self, score_BP: Tensor) -> Tensor:
        weight_BP: Tensor = self.weigh(score_BP.unsqueeze(-1)).squeeze(-1)
        return weight_BP


@dataclass(frozen=True, slots=True)
class FilteredCells(ImageStates):
    cells_BPH: Tensor
    mask_BP: Tensor

    def cells(self) -> Tensor:
        return self.cells_BPH

    def mean(self) -> Tensor:
        return masked_mean(self.cells_BPH, self.mask_BP)

    def of(self, row_B: Tensor) -> "FilteredCells":
        return FilteredCells(self.cells_BPH[row_B], self.mask_BP[row_B])


def _probability(logits_B2: Tensor | None) -> Tensor | None:
    return None if logits_B2 is None else logits_B2.softmax(-1)[:, 1]
