import torch
from torch import Tensor

from mmkp_core.classic.blocks.attention import PickingAttention
from mmkp_core.classic.blocks.co_attention import CoAttention
from mmkp_core.classic.parts.fusions import CoAttentionSpec
from tests.mmkp_core.classic.blocks.modalities import HIDDEN, SIZES, given


def picked(picking: PickingAttention, asker: Tensor, items: Tensor) -> Tensor:
    """The formula, item by item."""
    attention, scores = picking.attention, []
    for item in items:
        mixed = torch.tanh(attention.items.weight @ item + attention.asker.weight @ asker + attention.asker.bias)
        scores.append((attention.score.weight[0] @ mixed).item())
    total = sum(torch.tensor(score).exp() for score in scores)
    out = torch.zeros_like(asker)
    for score, item in zip(scores, items, strict=True):
        out += torch.tensor(score).exp() / total * item
    return out


def test_text_picks_cells_and_what_they_give_picks_words() -> None:
    block = CoAttention(CoAttentionSpec(), SIZES)
    modalities = given()
    words, cells = modalities.text.states_BLH[0], modalities.image.cells()[0]

    image = picked(block.pick_cells, (words[0] + words[1]) / 2, cells)
    text = picked(block.pick_words, image, words)
    expected = block.join.weight @ torch.cat((image, text)) + block.join.bias

    torch.testing.assert_close(block(modalities)[0], expected)


def test_without_an_image_the_words_are_still_read() -> None:
    block = CoAttention(CoAttentionSpec(), SIZES)
    modalities = given(cells=(False, False))
    text = picked(block.pick_words, torch.zeros(HIDDEN), modalities.text.states_BLH[0])

    torch.testing.assert_close(block(modalities)[0], block.join(torch.cat((torch.zeros(HIDDEN), text))))
