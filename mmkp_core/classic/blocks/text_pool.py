"""The fusion of AVG and MAX: the states of a post's words, pooled. No image is joined."""

import torch
from torch import Tensor, nn

from mmkp_core.classic.blocks.attention import masked_mean
from mmkp_core.classic.blocks.block import Fusion, Modalities, Sizes
from mmkp_core.classic.parts.fusions import TextPoolSpec


class TextPool(Fusion):
    def __init__(self, spec: TextPoolSpec, sizes: Sizes) -> None:
        super().__init__()
        self.pool = spec.pool
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, given: Modalities) -> Tensor:
        states_BLH, mask_BL = given.text.states_BLH, given.text.mask_BL
        if self.pool == "mean":
            pooled_BH = masked_mean(states_BLH, mask_BL)
        else:
            lowest = torch.finfo(states_BLH.dtype).min  # padding is never the highest
            pooled_BH = states_BLH.masked_fill(~mask_BL.unsqueeze(-1), lowest).amax(1)
        pooled: Tensor = self.dropout(pooled_BH)
        return pooled
