import math
from dataclasses import replace
from typing import Literal

import pytest
import torch

from mmkp_core.classic.blocks.block import Sizes, TextStates
from mmkp_core.classic.blocks.gru_writer import GruWriter
from mmkp_core.classic.blocks.writer import Sources
from mmkp_core.classic.parts.writers import CopySpec, GruWriterSpec, HandoverSpec

WORDS, HIDDEN, WORD_SIZE = 7, 6, 4
SIZES = Sizes(words=WORDS, classes=3, cell_numbers=1, word_size=WORD_SIZE, hidden=HIDDEN, dropout=0.0)


def writer_of(copying: bool = True, shares: Literal["normalised", "as_released"] | None = None) -> GruWriter:
    torch.manual_seed(0)
    handover = HandoverSpec(shares=shares) if shares else None
    return GruWriter(GruWriterSpec(copying=CopySpec() if copying else None, handover=handover), SIZES)


def read(writer: GruWriter, classes: bool = False) -> Sources:
    """One post of three words, the last unknown (number 7); the classes bring the words 2 and 5."""
    text = TextStates(torch.randn(1, 3, HIDDEN), torch.tensor([[True, True, True]]), torch.randn(1, HIDDEN))
    sources = writer.sources(text, torch.randn(1, HIDDEN), torch.tensor([[4, 4, 7]]))
    if not classes:
        return sources
    copied = torch.cat((sources.copied_BS, torch.tensor([[2, 5]])), dim=1)
    return replace(sources, copied_BS=copied, class_weights_BS=torch.tensor([[0.75, 0.25]]))


@pytest.mark.parametrize(
    ("writer", "classes", "total"),
    [
        (writer_of(), False, "1"),
        (writer_of(copying=False), False, "1"),
        (writer_of(shares="normalised"), True, "1"),
        (writer_of(shares="as_released"), True, "2 - p"),
    ],
    ids=["copying", "not copying", "normalised", "as released"],
)
def test_the_probabilities_of_all_words_add_up(writer: GruWriter, classes: bool, total: str) -> None:
    sources, rows = read(writer, classes), WORDS + 1
    state, word = torch.randn(1, HIDDEN).expand(rows, -1), torch.randn(1, WORD_SIZE).expand(rows, -1)
    post = torch.zeros(rows, dtype=torch.long)
    following = writer.next_words(sources, state, word, post)
    probabilities = writer.weigh(sources, following, torch.arange(rows), post).exp()

    expected = 1.0 if total == "1" else 2 - following.generate_M[0].item()
    assert probabilities.sum().item() == pytest.approx(expected, abs=1e-5)


def test_topics_stand_beside_what_it_reads_attends_with_generates_from_and_decides_by() -> None:
    """Each place alone: what the topics say there changes what follows, and still adds up to one."""
    sizes = replace(SIZES, topics=2)
    for place in ("words", "attention", "output", "switch"):
        torch.manual_seed(0)
        writer = GruWriter(GruWriterSpec(topics=(place,)), sizes)  # type: ignore[arg-type]
        text = TextStates(torch.randn(1, 3, HIDDEN), torch.tensor([[True, True, True]]), torch.randn(1, HIDDEN))
        word, rows = torch.randn(1, WORD_SIZE), torch.zeros(WORDS + 1, dtype=torch.long)
        found = []
        for topics in ([[0.0, 0.0]], [[5.0, -5.0]]):
            sources = writer.sources(text, None, torch.tensor([[4, 4, 7]]), torch.tensor(topics))
            following, _ = writer.step(sources, writer.start(sources)[rows], word.expand(WORDS + 1, -1), rows)
            found.append(writer.weigh(sources, following, torch.arange(WORDS + 1), rows).exp())
            assert found[-1].sum().item() == pytest.approx(1.0, abs=1e-5)
        assert not torch.allclose(*found, atol=1e-4), place


def test_a_word_that_stands_twice_is_copied_twice_and_an_unknown_one_only_copied() -> None:
    writer = writer_of()
    sources = read(writer)
    state, word, post = torch.randn(2, HIDDEN), torch.randn(2, WORD_SIZE), torch.tensor([0, 0])
    following = writer.next_words(sources, state, word, post)
    found = writer.weigh(sources, following, torch.tensor([4, 7]), post).exp()

    share, attention = following.generate_M, following.attention_ML
    generated = writer.words(following.features_MI).softmax(-1)
    assert found[0].item() == pytest.approx(
        (share[0] * generated[0, 4] + (1 - share[0]) * (attention[0, 0] + attention[0, 1])).item(), rel=1e-5
    )
    assert found[1].item() == pytest.approx(((1 - share[1]) * attention[1, 2]).item(), rel=1e-5)


def test_a_word_that_can_neither_be_generated_nor_copied_stays_finite() -> None:
    writer, post = writer_of(), torch.tensor([0])
    sources = read(writer)
    following = writer.next_words(sources, torch.randn(1, HIDDEN), torch.randn(1, WORD_SIZE), post)

    assert writer.weigh(sources, following, torch.tensor([9]), post).item() == pytest.approx(math.log(1e-8))


def test_without_copying_only_known_words_are_written() -> None:
    writer, post = writer_of(copying=False), torch.tensor([0])
    sources = read(writer)
    following, _ = writer.step(sources, writer.start(sources), torch.randn(1, WORD_SIZE), post)

    assert sources.copied_BS.shape == (1, 0)
    assert writer.generate is None
    assert writer.weigh(sources, following, torch.tensor([7]), post).item() == pytest.approx(math.log(1e-8))
    assert following.attention_ML.shape == (1, 3)  # still there, to say what an unknown word stands for


def test_a_row_that_goes_on_twice_keeps_its_state() -> None:
    writer = writer_of()
    state = torch.randn(3, HIDDEN)

    assert torch.equal(writer.reorder(state, torch.tensor([2, 2, 0])), state[[2, 2, 0]])
