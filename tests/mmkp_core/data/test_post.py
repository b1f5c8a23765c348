import numpy as np

from mmkp_core.data.post import ImageFeatures

MATRIX = np.array([[[1, 1], [2, 2], [0, 0]], [[3, 3], [4, 4], [5, 5]]], dtype=np.float16)


def test_each_image_has_the_cells_that_it_has_and_a_missing_one_none() -> None:
    features = ImageFeatures(MATRIX, {"x": 0, "y": 1}, np.array([2, 3]))
    vectors, mask = features.gather(["y", None, "x", "lost"])

    assert vectors[:, :, 0].tolist() == [[3, 4, 5], [0, 0, 0], [1, 2, 0], [0, 0, 0]]
    assert mask.tolist() == [[True] * 3, [False] * 3, [True, True, False], [False] * 3]
    assert vectors.dtype == np.float32
    assert features.numbers == 2


def test_without_counts_every_image_has_all_cells() -> None:
    assert ImageFeatures(MATRIX, {"x": 0}).gather(["x", "y"])[1].tolist() == [[True] * 3, [False] * 3]


def test_no_image_at_all_is_still_a_batch() -> None:
    vectors, mask = ImageFeatures(MATRIX[:0], {}).gather(["x", None])

    assert vectors.shape == (2, 3, 2)
    assert not mask.any()
