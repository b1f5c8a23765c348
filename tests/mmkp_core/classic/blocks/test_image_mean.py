from dataclasses import replace

import pytest
import torch

from mmkp_core.classic.blocks.image_mean import ImageMean
from mmkp_core.classic.parts.fusions import ImageMeanSpec
from tests.mmkp_core.classic.blocks.modalities import SIZES, given


def test_the_mean_of_the_cells_is_the_image_and_nothing_else() -> None:
    block = ImageMean(ImageMeanSpec(), SIZES)
    modalities = replace(given(), encoded=None)

    torch.testing.assert_close(block(modalities), modalities.image.mean())
    with pytest.raises(TypeError, match="no text to join"):
        _ = modalities.text
