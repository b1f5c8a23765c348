"""How do text, image and attributes become one vector per post?

Axes: B posts, L words, P cells of the image, A attributes, D numbers per cell, H hidden.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmkp_core.classic.blocks.attention import MultiHeadLayer, masked_mean


@dataclass(frozen=True, slots=True)
class Modalities:
    """What is known of a batch of posts; what is missing is masked."""

    text_BLH: Tensor
    text_there_BL: Tensor
    image_BPD: Tensor
    image_there_B: Tensor
    attributes_BAE: Tensor
    attributes_there_BA: Tensor


class Fusion(nn.Module, ABC):
    """Implementations are final."""

    @abstractmethod
    def forward(self, given: Modalities) -> Tensor:
        """One vector [B, H] per post."""


class ImageAsksText(Fusion):
    """M3H-ATT as released: the mean of the projected cells asks the words. Attributes are not read."""

    def __init__(self, cell_size: int, hidden: int, heads: int, head_size: int, dropout: float) -> None:
        super().__init__()
        self.image = nn.Linear(cell_size, hidden)
        self.attend = MultiHeadLayer(hidden, heads, head_size, dropout)

    def forward(self, given: Modalities) -> Tensor:
        asker_BH = self.image(given.image_BPD.mean(1))  # the projection is linear: the mean of its results
        fused_BH: Tensor = self.attend(asker_BH, given.text_BLH, given.text_there_BL)
        return fused_BH


class EachAsksOthers(Fusion):
    """The means of words, cells and attributes each ask the items of the other two; the answers are added."""

    def __init__(self, cell_size: int, word_size: int, hidden: int, heads: int, head_size: int, dropout: float) -> None:
        super().__init__()
        self.image = nn.Linear(cell_size, hidden)
        self.attributes = nn.Linear(word_size, hidden)
        self.attend = nn.ModuleList([MultiHeadLayer(hidden, heads, head_size, dropout) for _ in range(3)])

    def forward(self, given: Modalities) -> Tensor:
        cells = given.image_BPD.shape[1]
        items = (given.text_BLH, self.image(given.image_BPD), self.attributes(given.attributes_BAE))
        there = (
            given.text_there_BL,
            given.image_there_B.unsqueeze(1).expand(-1, cells),
            given.attributes_there_BA,
        )
        fused_BH = torch.zeros_like(given.text_BLH[:, 0])
        for own, attend in enumerate(self.attend):
            others = [number for number in range(3) if number != own]
            fused_BH = fused_BH + attend(
                masked_mean(items[own], there[own]),
                torch.cat([items[other] for other in others], dim=1),
                torch.cat([there[other] for other in others], dim=1),
            )
        return fused_BH
