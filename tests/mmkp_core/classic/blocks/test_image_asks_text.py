import torch

from mmkp_core.classic.blocks.image_asks_text import ImageAsksText
from mmkp_core.classic.parts.fusions import ImageAsksTextSpec
from tests.mmkp_core.classic.blocks.modalities import SIZES, given


def test_the_images_mean_asks_the_words() -> None:
    block = ImageAsksText(ImageAsksTextSpec(heads=2, head_size=2), SIZES)
    modalities = given()
    expected = block.attend(modalities.image.mean(), modalities.text.states_BLH, modalities.text.mask_BL)

    torch.testing.assert_close(block(modalities), expected)
