import numpy as np
import pytest
import torch

from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.gru_encoder import GruEncoder
from mmkp_core.classic.fields.words import WordField
from mmkp_core.classic.parts.encoders import GruEncoderSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.errors import WrongInput
from tests.mmkp_core.classic.small import example, inputs, samples

SIZES = Sizes(words=9, classes=2, cell_numbers=1, word_size=3, hidden=4, dropout=0.0)


def test_states_and_mask_stand_post_by_post() -> None:
    torch.manual_seed(0)
    encoder = GruEncoder(GruEncoderSpec(), SIZES)
    batch = samples(inputs([example("a"), example("a b c")], ClassicSpec()), WordField).batch(np.arange(2))
    vectors = torch.randn(3, 2, 3)
    text = encoder(batch[WordField], vectors)

    assert text.mask_BL.tolist() == [[True, True, True], [True, False, False]]
    assert text.states_BLH.shape == (2, 3, 4)
    assert not text.states_BLH[1, 1:].any()
    assert torch.equal(text.last_BH[1], text.states_BLH[1, 0, [2, 3, 0, 1]])  # backward before forward


def test_an_odd_size_cannot_be_split_between_two_directions() -> None:
    with pytest.raises(WrongInput, match="give an even number"):
        GruEncoder(GruEncoderSpec(), Sizes(9, 2, 1, 3, hidden=5, dropout=0.0))
