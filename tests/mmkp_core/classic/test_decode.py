"""A beam of Python lists, one post at a time over the whole mixture, is the second opinion."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.beam import list_beam
from mmkp_core.classic.batch import ClassicSamples
from mmkp_core.classic.blocks.block import TextStates
from mmkp_core.classic.blocks.heads import WordHead
from mmkp_core.classic.blocks.writer import NextWords, Sources, Stepping
from mmkp_core.classic.build import build_model
from mmkp_core.classic.decode import beam_search
from mmkp_core.classic.fields.cells import CellField
from mmkp_core.classic.model import KeyphraseModel
from mmkp_core.classic.spec import DecodeSpec
from mmkp_core.data.vocabulary import EOS
from tests.mmkp_core.classic.small import inputs, posts, small


def given(system: str, seed: int, end: float) -> tuple[KeyphraseModel, Sources]:
    """A model of random weights that ends phrases with more (`end` high) or less zeal, and a batch that it has read."""
    spec = small(system, words=70)  # not all words are known, and they do not fill a block
    examples, features = posts(12, seed)
    prepared = inputs(examples, spec, features)
    torch.manual_seed(seed)
    model = build_model(spec, prepared.known, features.numbers).double().eval()
    with torch.no_grad():
        for parameter in model.writer.parameters():
            parameter.mul_(3.0)  # decided enough for phrases to differ
        model.writer.words.widen.bias[EOS] = end
    batch = ClassicSamples(prepared, model.fields()).batch(np.arange(12))
    if model.image is not None:
        batch[CellField].cells_BPD.data = batch[CellField].cells_BPD.double()
    return model, model.sources(model.encode(batch), model.writer, handover=model.handover is not None)


@pytest.mark.parametrize("system", ["att", "copy", "m3h-att", "m3h-att-as-released", "m3h-att-tf"])
@pytest.mark.parametrize("end", [-4.0, 2.0, 8.0])
@pytest.mark.parametrize("spec", [DecodeSpec(), DecodeSpec(beam=3, steps=4, keep=2), DecodeSpec(beam=1, keep=1)])
def test_all_posts_at_once_get_the_phrases_that_each_gets_alone(system: str, end: float, spec: DecodeSpec) -> None:
    model, sources = given(system, seed=1, end=end)
    with torch.inference_mode():
        together = beam_search(model.writer, model.embedding, sources, spec)
        for post, found in enumerate(together):
            alone = list_beam(model, sources, post, spec)
            assert [list(phrase.words) for phrase in found] == [words for words, _ in alone]
            assert [phrase.score for phrase in found] == pytest.approx([score for _, score in alone], abs=1e-6)


def test_phrases_come_best_first_and_no_two_are_equal() -> None:
    model, sources = given("copy", seed=2, end=2.0)
    with torch.inference_mode():
        found = beam_search(model.writer, model.embedding, sources, DecodeSpec())

    for post in found:
        assert 1 <= len(post) <= 5
        assert len({phrase.words for phrase in post}) == len(post)
        assert all(len(phrase.words) == len(phrase.looked_at) <= 6 for phrase in post)


def test_a_beam_wider_than_the_vocabulary_follows_all_there_is() -> None:
    model, sources = given("copy", seed=3, end=2.0)
    with torch.inference_mode():
        found = beam_search(model.writer, model.embedding, sources, DecodeSpec(beam=100, steps=2))

    assert all(len(post) == 5 for post in found)


@dataclass
class Remembering:
    """A writer whose state is all that it has read, as a Transformer's is, and not one tensor.

    It writes the words 5, 6 and 7 in this order, then ends; the first may be 7 as well, after which it ends.
    """

    words: WordHead

    def start(self, sources: Sources) -> tuple[list[Tensor], list[list[int]]]:
        return [], [[] for _ in range(len(sources.copied_BS))]

    def step(
        self, sources: Sources, state: tuple[list[Tensor], list[list[int]]], word_RE: Tensor, post_R: Tensor
    ) -> tuple[NextWords, tuple[list[Tensor], list[list[int]]]]:
        seen, history = state
        history = [[*before, int(word[0])] for before, word in zip(history, word_RE, strict=True)]
        likely = torch.full((len(history), 8), -9.0)
        for row, read in enumerate(history):
            follows = {1: {5: 1.0, 7: 0.5}, 5: {6: 1.0}, 6: {7: 1.0}, 7: {EOS: 1.0}}[read[-1]]
            if read[-1] == 7 and read[:-1] not in ([1], [1, 5, 6]):
                follows = {5: 1.0}  # a history that is not this row's own
            for word, value in follows.items():
                likely[row, word] = value
        ones, none = torch.ones(len(history)), torch.zeros(len(history), 0)
        attention = torch.ones(len(history), 1)
        return NextWords(likely, ones, none, attention), ([*seen, word_RE], history)

    def reorder(
        self, state: tuple[list[Tensor], list[list[int]]], row_R: Tensor
    ) -> tuple[list[Tensor], list[list[int]]]:
        return state[0], [state[1][row] for row in row_R.tolist()]

    def written(
        self, sources: Sources, state: tuple[list[Tensor], list[list[int]]], word_R: Tensor, post_R: Tensor
    ) -> tuple[list[Tensor], list[list[int]]]:
        return state


def test_a_writer_of_any_state_is_searched() -> None:
    head = WordHead(8, 8, 8, 0.0)
    with torch.no_grad():
        for layer in (head.narrow, head.widen):
            layer.weight.copy_(torch.eye(8))
            layer.bias.zero_()
    embedding = nn.Embedding.from_pretrained(torch.arange(8.0).unsqueeze(1))  # a word's vector is its number
    text = TextStates(torch.zeros(2, 1, 4), torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 4))
    sources = Sources(text, torch.zeros(2, 1, 4), None, torch.zeros(2, 0, dtype=torch.long))
    writer: Stepping[tuple[list[Tensor], list[list[int]]]] = Remembering(head)
    with torch.inference_mode():
        found = beam_search(writer, embedding, sources, DecodeSpec(beam=4, steps=5, keep=2))

    certain = math.exp(1) / (math.exp(1) + 7 * math.exp(-9))
    start = math.exp(1) + math.exp(0.5) + 6 * math.exp(-9)
    five, seven = math.exp(1) / start, math.exp(0.5) / start
    for post in found:
        scores = {phrase.words: phrase.score for phrase in post}
        assert scores == {
            (5, 6, 7): pytest.approx((math.log(five) + 3 * math.log(certain)) / 4, abs=1e-5),
            (7,): pytest.approx((math.log(seven) + math.log(certain)) / 2, abs=1e-5),
        }
