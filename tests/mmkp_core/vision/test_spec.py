import pytest

from mmkp_core.errors import UnknownName
from mmkp_core.vision.features.efficientnet_cells import EfficientNetSpec
from mmkp_core.vision.features.grid import GridSpec
from mmkp_core.vision.features.table import FeatureSpec
from mmkp_core.vision.features.torchvision_cells import Vgg16Spec
from mmkp_core.vision.spec import EnrichSpec


def test_vectors_of_a_kind_are_made_by_its_own_extractor_whatever_else_is_set() -> None:
    finer = EnrichSpec(features=FeatureSpec(extractor=GridSpec(cells=9)))

    assert finer.part("features/grid") == FeatureSpec(extractor=GridSpec(cells=9))
    assert finer.part("features/vgg16") == FeatureSpec(extractor=Vgg16Spec())
    assert EnrichSpec(features=FeatureSpec(extractor=EfficientNetSpec())).part("features/grid") == FeatureSpec()


def test_vectors_that_nothing_here_makes_are_told_by_name() -> None:
    with pytest.raises(UnknownName, match=r"no extractor is called 'vgg15'; did you mean 'vgg1"):
        EnrichSpec().part("features/vgg15")
