import numpy as np
import pytest
import torch

from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.image_cells import ImageCells, scale
from mmkp_core.classic.fields.cells import CellField
from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.post import ImageFeatures
from tests.mmkp_core.classic.small import example, inputs, samples

SIZES = Sizes(words=9, classes=2, cell_numbers=2, word_size=3, hidden=4, dropout=0.0)
FEATURES = ImageFeatures(
    np.array([[[1, 5], [3, 5]], [[5, 5], [0, 0]]], dtype=np.float32), {"a": 0, "b": 1}, np.array([2, 1])
)


def test_the_scale_counts_the_cells_that_there_are() -> None:
    found = scale(FEATURES, ["a", "b"])

    assert found is not None
    assert found[0].tolist() == [3, 5]  # of 1, 3 and 5; the padding behind b's one cell is no cell
    assert found[1].tolist() == pytest.approx([np.sqrt(8 / 3), 1])  # what never varies is left as it is
    assert scale(FEATURES, []) is None


def test_only_images_of_training_posts_set_the_scale_each_once() -> None:
    side = ImageCells(ImageSpec(), SIZES)
    posts = [example("x", image="a"), example("y", image="a"), example("z")]
    side.prepare(inputs(posts, ClassicSpec(image=ImageSpec()), FEATURES, 2))

    assert side.mean_D.tolist() == [2, 5]


def test_the_mean_is_that_of_an_images_own_cells_and_a_missing_image_is_zeros() -> None:
    torch.manual_seed(0)
    side = ImageCells(ImageSpec(), SIZES)
    posts = [example("x", image="a"), example("y", image="b"), example("z")]
    given = inputs(posts, ClassicSpec(image=ImageSpec()), FEATURES, 2)
    seen = side(samples(given, CellField).batch(np.arange(3)))

    torch.testing.assert_close(seen.mean()[0], side.project(torch.tensor([2.0, 5.0])))
    torch.testing.assert_close(seen.mean()[1], side.project(torch.tensor([5.0, 5.0])))
    torch.testing.assert_close(seen.mean()[2], side.project(torch.zeros(2)))
    torch.testing.assert_close(seen.cells()[0, 1], side.project(torch.tensor([3.0, 5.0])))
    assert seen.mask_BP.tolist() == [[True, True], [True, False], [False, False]]
