"""Cells of a network that knows photographs."""

from pathlib import Path

import numpy as np

from mmkp_core.vision.features.efficientnet_cells import EfficientNetSpec
from mmkp_core.vision.features.extractor import extract_features
from mmkp_core.vision.features.table import FeatureSpec, make_extractor
from tests.fixtures.photographs import photograph


def test_photographs_become_cells_and_an_image_alone_has_those_it_has_among_others(tmp_path: Path) -> None:
    extractor = make_extractor(FeatureSpec(extractor=EfficientNetSpec()))
    extractor.open(tmp_path)
    names = ["coffee", "camera", "cat"]
    features = extract_features(extractor, [*((name, photograph(name)) for name in names), ("bad", b"<html>")])
    matrix = features.features.matrix
    assert (matrix.shape, matrix.dtype) == ((3, 49, 320), np.float16)
    assert features.failed.keys() == {"bad"}
    alone = extract_features(extractor, [("cat", photograph("cat"))]).features.matrix
    np.testing.assert_allclose(alone[0], matrix[features.features.rows["cat"]], rtol=2e-2, atol=2e-2)
    assert not np.allclose(matrix[0], matrix[1], atol=0.5)


def test_its_vectors_stand_under_its_name() -> None:
    assert FeatureSpec(extractor=EfficientNetSpec()).enrichment == "features/efficientnet-lite0"
