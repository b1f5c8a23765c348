from dataclasses import replace

import pytest
import torch

from mmkp_core.classic.blocks.block import Modalities, TextStates
from mmkp_core.classic.blocks.text_pool import TextPool
from mmkp_core.classic.parts.fusions import TextPoolSpec
from tests.mmkp_core.classic.blocks.modalities import SIZES, given


def a_post_whose_second_word_is_padding() -> Modalities:
    states = torch.tensor([[[-1.0, -2.0, 3.0, 0.0], [9.0, 9.0, 9.0, 9.0], [-3.0, 4.0, 1.0, -2.0]]])
    mask = torch.tensor([[True, False, True]])
    return replace(given(), encoded=TextStates(states, mask, states[:, 0]), seen=None)


@pytest.mark.parametrize(("pool", "expected"), [("mean", [-2.0, 1.0, 2.0, -1.0]), ("max", [-1.0, 4.0, 3.0, 0.0])])
def test_the_words_that_are_there_are_pooled(pool: str, expected: list[float]) -> None:
    block = TextPool(TextPoolSpec(pool=pool), SIZES)  # type: ignore[arg-type]

    assert block(a_post_whose_second_word_is_padding()).tolist() == [expected]
