import math

import pytest
import torch

from mmkp_core.classic.blocks.transformer import positions


@pytest.mark.parametrize("hidden", [6, 7])
def test_positions_are_the_published_sines_and_cosines(hidden: int) -> None:
    found = positions(50, hidden, torch.device("cpu"))

    assert found.shape == (50, hidden)
    for place in (0, 1, 49):
        for number in range(hidden):
            angle = place / 10_000 ** (2 * (number // 2) / hidden)
            wave = math.sin(angle) if number % 2 == 0 else math.cos(angle)
            assert found[place, number].item() == pytest.approx(wave, abs=1e-5)
