import torch

from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.two_layer_classifier import TwoLayerClassifier
from mmkp_core.classic.parts.classifiers import TwoLayerClassifierSpec


def test_there_is_one_logit_a_class_behind_a_rectified_layer() -> None:
    sizes = Sizes(words=9, classes=3, cell_numbers=1, word_size=2, hidden=4, dropout=0.0)
    block = TwoLayerClassifier(TwoLayerClassifierSpec(), sizes)
    fused = torch.randn(2, 4)
    first, _, _, second = block.layers
    inner = (fused @ first.weight.T + first.bias).clamp(min=0)

    torch.testing.assert_close(block(fused), inner @ second.weight.T + second.bias)
    assert block(fused).shape == (2, 3)
