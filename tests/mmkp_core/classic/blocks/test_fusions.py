"""Each fusion makes one vector a post of what it joins, and of nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.blocks.attention import masked_mean
from mmkp_core.classic.blocks.block import Fusion, ImageStates, Modalities, Sizes, TextStates
from mmkp_core.classic.blocks.each_asks_others import EachAsksOthers
from mmkp_core.classic.blocks.image_asks_text import ImageAsksText
from mmkp_core.classic.blocks.image_cells import ProjectedCells
from mmkp_core.classic.blocks.image_mean import ImageMean
from mmkp_core.classic.fields.attributes import AttributeField, AttributeTensors
from mmkp_core.classic.parts.fusions import EachAsksOthersSpec, ImageAsksTextSpec, ImageMeanSpec

HIDDEN = 4
SIZES = Sizes(words=9, classes=2, cell_numbers=3, word_size=3, hidden=HIDDEN, dropout=0.0)
FUSIONS = {
    "image_asks_text": lambda: ImageAsksText(ImageAsksTextSpec(heads=2, head_size=2), SIZES),
    "each_asks_others": lambda: EachAsksOthers(EachAsksOthersSpec(heads=2, head_size=2), SIZES),
    "image_mean": lambda: ImageMean(ImageMeanSpec(), SIZES),
}


def given(attributes: bool = True, cells: tuple[bool, bool] = (True, True)) -> Modalities:
    """One post of two words, of an image of two cells, and of two attributes."""
    torch.manual_seed(0)
    text = TextStates(torch.randn(1, 2, HIDDEN), torch.tensor([[True, True]]), torch.randn(1, HIDDEN))
    raw, project = torch.randn(1, 2, 3), torch.nn.Linear(3, HIDDEN)
    mask = torch.tensor([cells])
    image: ImageStates = ProjectedCells(raw * mask.unsqueeze(-1), mask, project)
    words = AttributeTensors(torch.tensor([[5, 6]]), torch.tensor([[attributes, attributes]]))
    batch = ClassicBatch(np.array([0]), {AttributeField: words})
    return Modalities(batch, {AttributeField: torch.randn(1, 2, 3)}, text, image)


@pytest.mark.parametrize("fusion", FUSIONS.values(), ids=FUSIONS.keys())
def test_every_fusion_gives_one_finite_vector_a_post_even_without_an_image(fusion: object) -> None:
    torch.manual_seed(1)
    block: Fusion = fusion()  # type: ignore[operator]
    for modalities in (given(), given(attributes=False, cells=(False, False))):
        assert block(modalities).shape == (1, HIDDEN)
        assert torch.isfinite(block(modalities)).all()


@pytest.mark.parametrize("fusion", FUSIONS.values(), ids=FUSIONS.keys())
def test_what_stands_in_a_masked_cell_changes_nothing(fusion: object) -> None:
    torch.manual_seed(1)
    block: Fusion = fusion()  # type: ignore[operator]
    masked = given(cells=(True, False))
    image = masked.image
    assert isinstance(image, ProjectedCells)
    alone = replace(masked, seen=ProjectedCells(image.raw_BPD[:, :1], image.mask_BP[:, :1], image.project))

    torch.testing.assert_close(block(masked), block(alone))
    assert not torch.equal(block(masked), block(given()))


def test_each_mean_asks_the_other_two() -> None:
    torch.manual_seed(1)
    block = EachAsksOthers(EachAsksOthersSpec(heads=2, head_size=2), SIZES)
    modalities = given()
    text, cells = modalities.text.states_BLH, modalities.image.cells()
    attributes = block.attributes(modalities.vectors[AttributeField])
    full = torch.ones(1, 4, dtype=torch.bool)
    expected = (
        block.attend[0](masked_mean(text, full[:, :2]), torch.cat((cells, attributes), 1), full)
        + block.attend[1](masked_mean(cells, full[:, :2]), torch.cat((text, attributes), 1), full)
        + block.attend[2](masked_mean(attributes, full[:, :2]), torch.cat((text, cells), 1), full)
    )
    torch.testing.assert_close(block(modalities), expected)


def test_the_images_mean_asks_the_words() -> None:
    block = ImageAsksText(ImageAsksTextSpec(heads=2, head_size=2), SIZES)
    modalities = given()
    expected = block.attend(modalities.image.mean(), modalities.text.states_BLH, modalities.text.mask_BL)

    torch.testing.assert_close(block(modalities), expected)


def test_the_mean_of_the_cells_is_the_image_and_nothing_else() -> None:
    block = ImageMean(ImageMeanSpec(), SIZES)
    modalities = replace(given(), encoded=None)

    torch.testing.assert_close(block(modalities), modalities.image.mean())
    with pytest.raises(TypeError, match="no text to join"):
        _ = modalities.text
