import math

import pytest
import torch

from mmkp_core.classic.blocks.decoder import Decoder, Sources
from mmkp_core.classic.spec import Handover

WORDS, HIDDEN, WORD_SIZE = 7, 6, 4


def read(decoder: Decoder, classes: bool) -> Sources:
    """One post of three words, the last a stranger (number 7); the classes bring the words 2 and 5."""
    sources = decoder.sources(
        torch.randn(1, 3, HIDDEN), torch.tensor([[True, True, True]]), torch.randn(1, HIDDEN), torch.tensor([[4, 4, 7]])
    )
    if not classes:
        return sources
    copied = torch.cat((sources.copied_BS, torch.tensor([[2, 5]])), dim=1)
    return Sources(
        sources.text_BLH,
        sources.text_there_BL,
        sources.keys_BLH,
        sources.fused_BH,
        copied,
        torch.tensor([[0.75, 0.25]]),
    )


@pytest.mark.parametrize(
    ("handover", "classes", "total"),
    [("none", False, "1"), ("normalised", True, "1"), ("as_released", True, "2 - p")],
)
def test_the_probabilities_of_all_words_add_up(handover: Handover, classes: bool, total: str) -> None:
    torch.manual_seed(0)
    decoder = Decoder(WORD_SIZE, HIDDEN, WORDS, 0.0, handover)
    sources, rows = read(decoder, classes), WORDS + 1
    state, word = torch.randn(1, HIDDEN).expand(rows, -1), torch.randn(1, WORD_SIZE).expand(rows, -1)
    post = torch.zeros(rows, dtype=torch.long)
    written = decoder.write(sources, state, word, post)
    probabilities = decoder.log_likelihood(sources, written, torch.arange(rows), post).exp()

    expected = 1.0 if total == "1" else 2 - written.generate_M[0].item()
    assert probabilities.sum().item() == pytest.approx(expected, abs=1e-5)


def test_a_word_that_stands_twice_is_copied_twice_and_a_stranger_only_copied() -> None:
    torch.manual_seed(0)
    decoder = Decoder(WORD_SIZE, HIDDEN, WORDS, 0.0, "none")
    sources = read(decoder, classes=False)
    state, word, post = torch.randn(2, HIDDEN), torch.randn(2, WORD_SIZE), torch.tensor([0, 0])
    written = decoder.write(sources, state, word, post)
    found = decoder.log_likelihood(sources, written, torch.tensor([4, 7]), post).exp()

    share, attention = written.generate_M, written.attention_ML
    generated = decoder.words(written.features_MI).softmax(-1)
    assert found[0].item() == pytest.approx(
        (share[0] * generated[0, 4] + (1 - share[0]) * (attention[0, 0] + attention[0, 1])).item(), rel=1e-5
    )
    assert found[1].item() == pytest.approx(((1 - share[1]) * attention[1, 2]).item(), rel=1e-5)


def test_a_word_that_can_neither_be_generated_nor_copied_stays_finite() -> None:
    torch.manual_seed(0)
    decoder = Decoder(WORD_SIZE, HIDDEN, WORDS, 0.0, "none")
    sources, post = read(decoder, classes=False), torch.tensor([0])
    written = decoder.write(sources, torch.randn(1, HIDDEN), torch.randn(1, WORD_SIZE), post)

    assert decoder.log_likelihood(sources, written, torch.tensor([9]), post).item() == pytest.approx(math.log(1e-8))
