import torch

from mmkp_core.classic.blocks.attention import masked_mean
from mmkp_core.classic.blocks.each_asks_others import EachAsksOthers
from mmkp_core.classic.fields.attributes import AttributeField
from mmkp_core.classic.parts.fusions import EachAsksOthersSpec
from tests.mmkp_core.classic.blocks.modalities import SIZES, given


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
