import torch

from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.linear_classifier import LinearClassifier
from mmkp_core.classic.parts.classifiers import LinearClassifierSpec


def test_there_is_one_logit_a_class() -> None:
    sizes = Sizes(words=9, classes=3, cell_numbers=1, word_size=2, hidden=4, dropout=0.0)
    block = LinearClassifier(LinearClassifierSpec(), sizes)
    fused = torch.randn(2, 4)

    torch.testing.assert_close(block(fused), fused @ block.linear.weight.T + block.linear.bias)
    assert block(fused).shape == (2, 3)
