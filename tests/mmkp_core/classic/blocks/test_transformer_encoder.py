import numpy as np
import pytest
import torch

from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.transformer_encoder import TransformerEncoder
from mmkp_core.classic.fields.words import WordField
from mmkp_core.classic.parts.encoders import TransformerEncoderSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.errors import WrongInput
from tests.mmkp_core.classic.small import example, inputs, samples

SIZES = Sizes(words=9, classes=2, cell_numbers=1, word_size=3, hidden=4, dropout=0.0)
SPEC = TransformerEncoderSpec(layers=2, heads=2, inner=8)


def test_a_post_is_read_alone_as_it_is_among_others_and_its_padding_is_zero() -> None:
    torch.manual_seed(0)
    encoder = TransformerEncoder(SPEC, SIZES).eval()
    given = samples(inputs([example("a"), example("a b c")], ClassicSpec()), WordField)
    vectors = torch.randn(3, 2, 3)
    together = encoder(given.batch(np.arange(2))[WordField], vectors)
    alone = encoder(given.batch(np.array([0]))[WordField], vectors[:1, 1:])

    assert together.mask_BL.tolist() == [[True, True, True], [True, False, False]]
    torch.testing.assert_close(together.states_BLH[1, :1], alone.states_BLH[0])
    assert not together.states_BLH[1, 1:].any()
    torch.testing.assert_close(together.last_BH[0], together.states_BLH[0].mean(0))


def test_the_order_of_words_counts() -> None:
    torch.manual_seed(0)
    encoder = TransformerEncoder(SPEC, SIZES).eval()
    batch = samples(inputs([example("a b c")], ClassicSpec()), WordField).batch(np.arange(1))
    vectors = torch.randn(3, 1, 3)
    there, back = (encoder(batch[WordField], v).states_BLH[0] for v in (vectors, vectors.flip(0)))

    assert not torch.allclose(there, back.flip(0), atol=1e-3)


def test_a_size_that_the_heads_cannot_share_is_refused() -> None:
    with pytest.raises(WrongInput, match="give a multiple of 3"):
        TransformerEncoder(TransformerEncoderSpec(heads=3), SIZES)
