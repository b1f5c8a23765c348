"""The fusion of AVG and MAX: the states of a post's words, pooled. No image is joined."""

from torch import Tensor, nn

from mmkp_core.classic.blocks.attention import masked_max, masked_mean
from mmkp_core.classic.blocks.block import Fusion, Modalities, Sizes
from mmkp_core.classic.parts.fusions import TextPoolSpec


class TextPool(Fusion):
    def __init__(self, spec: TextPoolSpec, sizes: Sizes) -> None:
        super().__init__()
        self.pool = spec.pool
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, given: Modalities) -> Tensor:
        states_BLH, mask_BL = given.text.states_BLH, given.text.mask_BL
        pooled_BH = (masked_mean if self.pool == "mean" else masked_max)(states_BLH, mask_BL)
        pooled: Tensor = self.dropout(pooled_BH)
        return pooled
