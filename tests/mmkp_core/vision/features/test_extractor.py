import numpy as np

from mmkp_core.vision.features.extractor import BATCH, extract_features
from mmkp_core.vision.features.table import FeatureSpec, make_extractor
from tests.mmkp_core.vision.features.brightness import Brightness, grey


def test_one_image_is_extracted_without_a_store_as_among_many() -> None:
    extractor = make_extractor(FeatureSpec())
    alone = extract_features(extractor, [("x", grey(7))]).features
    many = extract_features(extractor, [("y", grey(200)), ("x", grey(7))]).features

    assert alone.gather(["x"])[0].shape == (1, 49, 23)
    assert np.array_equal(alone.gather(["x"])[0], many.gather(["x"])[0])


def test_images_have_as_many_cells_as_the_extractor_finds() -> None:
    found = extract_features(Brightness(), [("bright", grey(200)), ("bad", b"<html>"), ("dark", grey(7))])

    assert found.failed == {"bad": "unreadable"}
    assert found.features.gather(["dark", "bright", "bad"])[1].tolist() == [[True, True], [True, False], [False, False]]


def test_rows_run_on_from_batch_to_batch() -> None:
    images = [(f"image {n}", grey(n % 90)) for n in range(BATCH + 3)]
    features = extract_features(Brightness(), images).features

    assert features.gather([key for key, _ in images])[0][:, 1, 2].tolist() == [n % 90 for n in range(BATCH + 3)]


def test_no_images_have_no_rows_and_the_right_shape() -> None:
    assert extract_features(Brightness(), []).features.matrix.shape == (0, 2, 3)
