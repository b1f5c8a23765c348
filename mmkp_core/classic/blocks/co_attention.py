"""The fusion of CO-ATT: text and image pick of one another in turn, and what they pick is joined.

image vector = cells picked by the mean of the words
text vector  = words picked by the image vector
fused        = W [image vector ; text vector] + b
"""

import torch
from torch import Tensor, nn

from mmkp_core.classic.blocks.attention import PickingAttention, masked_mean
from mmkp_core.classic.blocks.block import Fusion, Modalities, Sizes
from mmkp_core.classic.parts.fusions import CoAttentionSpec


class CoAttention(Fusion):
    def __init__(self, spec: CoAttentionSpec, sizes: Sizes) -> None:
        super().__init__()
        self.pick_cells = PickingAttention(sizes.hidden)
        self.pick_words = PickingAttention(sizes.hidden)
        self.join = nn.Linear(2 * sizes.hidden, sizes.hidden)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, given: Modalities) -> Tensor:
        text, image = given.text, given.image
        image_BH = self.pick_cells(masked_mean(text.states_BLH, text.mask_BL), image.cells(), image.mask_BP)
        text_BH = self.pick_words(image_BH, text.states_BLH, text.mask_BL)
        fused_BH: Tensor = self.dropout(self.join(torch.cat((image_BH, text_BH), dim=-1)))
        return fused_BH
