import numpy as np

from mmkp_core.classic.fields.cells import CellField
from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.post import ImageFeatures
from tests.mmkp_core.classic.small import example, inputs

POSTS = [example("a b c", "a", image="whole"), example("a b", "a", image="lost"), example("a", "a", image="one cell")]
FEATURES = ImageFeatures(
    np.array([[[1, 1, 1], [1, 1, 1]], [[2, 2, 2], [0, 0, 0]]], dtype=np.float16),
    {"whole": 0, "one cell": 1},
    np.array([2, 1]),
)


def test_each_image_has_its_own_cells_and_a_missing_one_none() -> None:
    batch = CellField(inputs(POSTS, ClassicSpec(image=ImageSpec()), FEATURES, 3)).batch(np.arange(3))

    assert batch.mask_BP.tolist() == [[True, True], [False, False], [True, False]]
    assert batch.cells_BPD.sum((1, 2)).tolist() == [6.0, 0.0, 6.0]


def test_withheld_vectors_are_one_masked_cell_of_the_same_width() -> None:
    spec = ClassicSpec(image=ImageSpec(withheld=True))
    for features in (FEATURES, None):
        batch = CellField(inputs(POSTS, spec, features, 3)).batch(np.arange(3))

        assert batch.cells_BPD.shape == (3, 1, 3)
        assert not batch.cells_BPD.any()
        assert not batch.mask_BP.any()
