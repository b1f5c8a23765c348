"""The mean of the image's cells as the vector of a post: no text is joined."""

from torch import Tensor, nn

from mmkp_core.classic.blocks.block import Fusion, Modalities, Sizes
from mmkp_core.classic.parts.fusions import ImageMeanSpec


class ImageMean(Fusion):
    def __init__(self, spec: ImageMeanSpec, sizes: Sizes) -> None:
        super().__init__()
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, given: Modalities) -> Tensor:
        fused_BH: Tensor = self.dropout(given.image.mean())
        return fused_BH
