import math

import torch

from mmkp_core.classic.blocks.bilinear import Bilinear
from mmkp_core.classic.parts.fusions import BilinearSpec
from tests.mmkp_core.classic.blocks.modalities import HIDDEN, SIZES, given


def test_every_word_meets_every_cell() -> None:
    torch.manual_seed(3)
    block = Bilinear(BilinearSpec(glimpses=2, rank=3), SIZES)
    modalities = given()
    words, cells = list(modalities.text.states_BLH[0]), list(modalities.image.cells()[0])

    asked = [torch.relu(block.word_weight(word)) for word in words]
    answers = [torch.relu(block.cell_weight(cell)) for cell in cells]
    for glimpse in range(2):
        pairs = [(w, c) for w in range(2) for c in range(2)]
        scores = {
            (w, c): math.exp(sum((block.glimpse_GK[glimpse][k] * asked[w][k] * answers[c][k]).item() for k in range(3)))
            for w, c in pairs
        }
        found = torch.zeros(3)
        for w, c in pairs:
            share = scores[w, c] / sum(scores.values())
            found += share * block.words[glimpse](words[w]) * block.cells[glimpse](cells[c])
        words = [word + block.found[glimpse].weight @ found for word in words]

    torch.testing.assert_close(block(modalities)[0], words[0] + words[1])


def test_without_a_cell_the_words_are_summed_as_they_are() -> None:
    block = Bilinear(BilinearSpec(glimpses=2, rank=3), SIZES)
    modalities = given(cells=(False, False))

    torch.testing.assert_close(block(modalities), modalities.text.states_BLH.sum(1))
    assert block(modalities).shape == (1, HIDDEN)
