from dataclasses import replace

import torch

from mmkp_core.classic.blocks.block import Sizes, TextStates
from mmkp_core.classic.blocks.transformer_writer import TransformerWriter
from mmkp_core.classic.blocks.writer import Sources
from mmkp_core.classic.fields.phrases import PhraseTensors
from mmkp_core.classic.parts.writers import TransformerWriterSpec

HIDDEN, WORD_SIZE = 6, 4
SIZES = Sizes(words=7, classes=3, cell_numbers=1, word_size=WORD_SIZE, hidden=HIDDEN, dropout=0.0)
POST = torch.tensor([1, 0, 1])  # of three phrases


def writer_and_sources() -> tuple[TransformerWriter, Sources]:
    """Two posts, of three words and of one."""
    torch.manual_seed(0)
    writer = TransformerWriter(TransformerWriterSpec(layers=2, heads=2, inner=8), SIZES).eval()
    mask = torch.tensor([[True, True, True], [True, False, False]])
    text = TextStates(torch.randn(2, 3, HIDDEN), mask, torch.randn(2, HIDDEN))
    return writer, writer.sources(text, None, torch.tensor([[4, 5, 6], [4, 0, 0]]))


def all_at_once(writer: TransformerWriter, sources: Sources, words_TNE: torch.Tensor) -> torch.Tensor:
    none = torch.zeros(0, dtype=torch.long)
    phrases = PhraseTensors([len(words_TNE)] * 3, none, POST, none, none)
    return writer.states(sources, phrases, words_TNE)


def test_step_by_step_the_states_are_those_of_whole_phrases() -> None:
    writer, sources = writer_and_sources()
    words_TNE = torch.randn(4, 3, WORD_SIZE)
    whole_TNH = all_at_once(writer, sources, words_TNE)

    state = writer.reorder(writer.start(sources), POST)
    for step, word_NE in enumerate(words_TNE):
        found, state = writer.step(sources, state, word_NE, POST)
        expected = writer.next_words(sources, whole_TNH[step], word_NE, POST)
        torch.testing.assert_close(found.features_MI, expected.features_MI)
        torch.testing.assert_close(found.copy_MS, expected.copy_MS)


def test_step_by_step_the_states_are_those_of_whole_phrases_with_topics_beside_the_words() -> None:
    torch.manual_seed(0)
    spec = TransformerWriterSpec(layers=2, heads=2, inner=8, topics=("words", "switch"))
    writer = TransformerWriter(spec, replace(SIZES, topics=3)).eval()
    text = TextStates(torch.randn(2, 3, HIDDEN), torch.ones(2, 3, dtype=torch.bool), torch.randn(2, HIDDEN))
    sources = writer.sources(text, None, torch.tensor([[4, 5, 6], [4, 0, 0]]), torch.randn(2, 3))
    words_TNE = torch.randn(4, 3, WORD_SIZE)
    whole_TNH = all_at_once(writer, sources, words_TNE)
    state = writer.reorder(writer.start(sources), POST)
    for step, word_NE in enumerate(words_TNE):
        found, state = writer.step(sources, state, word_NE, POST)
        torch.testing.assert_close(found, writer.next_words(sources, whole_TNH[step], word_NE, POST))


def test_a_word_sees_nothing_that_comes_after_it_and_no_padding_of_its_text() -> None:
    writer, sources = writer_and_sources()
    words_TNE = torch.randn(4, 3, WORD_SIZE)
    before = all_at_once(writer, sources, words_TNE)
    changed = words_TNE.clone()
    changed[2:] += 1.0
    sources.text.states_BLH[1, 1:] += 100.0  # padding
    after = all_at_once(writer, sources, changed)

    torch.testing.assert_close(after[:2], before[:2])
    assert not torch.allclose(after[2:], before[2:], atol=1e-3)
