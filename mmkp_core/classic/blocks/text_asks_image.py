"""The fusion of MM-MKP: the words' states, pooled by their maximum, attend over the image's cells."""

from torch import Tensor

from mmkp_core.classic.blocks.attention import MultiHeadLayer, masked_max
from mmkp_core.classic.blocks.block import Fusion, Modalities, Sizes
from mmkp_core.classic.parts.fusions import TextAsksImageSpec


class TextAsksImage(Fusion):
    def __init__(self, spec: TextAsksImageSpec, sizes: Sizes) -> None:
        super().__init__()
        self.attend = MultiHeadLayer(sizes.hidden, spec.heads, spec.head_size, sizes.dropout)

    def forward(self, given: Modalities) -> Tensor:
        text, image = given.text, given.image
        fused_BH: Tensor = self.attend(masked_max(text.states_BLH, text.mask_BL), image.cells(), image.mask_BP)
        return fused_BH
