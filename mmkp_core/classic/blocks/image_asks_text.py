"""The fusion of M3H-ATT as released: the mean of the image's cells attends over the words."""

from torch import Tensor

from mmkp_core.classic.blocks.attention import MultiHeadLayer
from mmkp_core.classic.blocks.block import Fusion, Modalities, Sizes
from mmkp_core.classic.parts.fusions import ImageAsksTextSpec


class ImageAsksText(Fusion):
    def __init__(self, spec: ImageAsksTextSpec, sizes: Sizes) -> None:
        super().__init__()
        self.attend = MultiHeadLayer(sizes.hidden, spec.heads, spec.head_size, sizes.dropout)

    def forward(self, given: Modalities) -> Tensor:
        fused_BH: Tensor = self.attend(given.image.mean(), given.text.states_BLH, given.text.mask_BL)
        return fused_BH
