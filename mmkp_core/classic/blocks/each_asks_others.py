"""The fusion of M3H-ATT: the means of words, cells and attributes each attend over the other two.

Axes: B posts, L words, P cells, A attributes, H hidden.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField
from mmkp_core.classic.blocks.attention import MultiHeadLayer, masked_mean
from mmkp_core.classic.blocks.block import Fusion, Modalities, Sizes
from mmkp_core.classic.fields.attributes import AttributeField
from mmkp_core.classic.parts.fusions import EachAsksOthersSpec


class EachAsksOthers(Fusion):
    fields: ClassVar[tuple[AnyField, ...]] = (AttributeField,)

    def __init__(self, spec: EachAsksOthersSpec, sizes: Sizes) -> None:
        super().__init__()
        self.attributes = nn.Linear(sizes.word_size, sizes.hidden)
        attention = (sizes.hidden, spec.heads, spec.head_size, sizes.dropout)
        self.attend = nn.ModuleList([MultiHeadLayer(*attention) for _ in range(3)])

    def forward(self, given: Modalities) -> Tensor:
        text, image = given.text, given.image
        items = (text.states_BLH, image.cells(), self.attributes(given.vectors[AttributeField]))
        masks = (text.mask_BL, image.mask_BP, given.batch[AttributeField].mask_BA)
        fused_BH = torch.zeros_like(text.states_BLH[:, 0])
        for own, attend in enumerate(self.attend):
            others = [number for number in range(3) if number != own]
            fused_BH = fused_BH + attend(
                masked_mean(items[own], masks[own]),
                torch.cat([items[other] for other in others], dim=1),
                torch.cat([masks[other] for other in others], dim=1),
            )
        return fused_BH
