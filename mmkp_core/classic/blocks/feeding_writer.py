"""The writer of MM-MKP: a GRU that reads, with each word, what its attention found before that word.

    a   = additive attention of h_{t-1} over the text's states
    c   = sum a_i state_i
    h_t = GRU([word_{t-1} ; c], h_{t-1})
    P(word) is generated from, and weighed against copying by, [word_{t-1} ; h_t ; c + fused vector]

Axes: R rows, N phrases, T steps, M rows (words to write), L words of the text, H hidden, E word size.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.copying_writer import CopyingWriter
from mmkp_core.classic.blocks.gru import StepGru
from mmkp_core.classic.blocks.writer import NextWords, Sources
from mmkp_core.classic.fields.phrases import PhraseField
from mmkp_core.classic.parts.writers import FeedingGruWriterSpec


class FeedingWriter(CopyingWriter[Tensor]):
    """Its state [R, H] is that of the GRU."""

    def __init__(self, spec: FeedingGruWriterSpec, sizes: Sizes) -> None:
        super().__init__(spec, sizes, feeds=True)
        self.gru = StepGru(sizes.word_size + sizes.hidden + self.topics_in("words", sizes), sizes.hidden)

    def following(self, sources: Sources, batch: ClassicBatch, vectors: Mapping[AnyField, Tensor]) -> NextWords:
        phrases, word_TNE = batch[PhraseField], vectors[PhraseField]
        state_NH = self.start(sources).index_select(0, phrases.post_N)
        steps = []
        for word_NE in word_TNE:
            steps.append(self._fed(sources, state_NH, word_NE, phrases.post_N))
            _, state_NH, _ = steps[-1]
        place_M, post_M = phrases.place_M, phrases.post_M
        read_MH, state_MH, attention_ML = (torch.cat(p).index_select(0, place_M) for p in zip(*steps, strict=True))
        word_ME = word_TNE.flatten(0, 1).index_select(0, place_M)
        return self.answer(sources, read_MH, state_MH, word_ME, attention_ML, post_M)

    def start(self, sources: Sources) -> Tensor:
        return sources.text.last_BH

    def step(self, sources: Sources, state: Tensor, word_RE: Tensor, post_R: Tensor) -> tuple[NextWords, Tensor]:
        read_RH, state, attention_RL = self._fed(sources, state, word_RE, post_R)
        return self.answer(sources, read_RH, state, word_RE, attention_RL, post_R), state

    def reorder(self, state: Tensor, row_R: Tensor) -> Tensor:
        return state[row_R]

    def _fed(
        self, sources: Sources, state_RH: Tensor, word_RE: Tensor, post_R: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What the attention finds, the state after the word, and the attention [R, L]."""
        attention_RL, read_RH = self.attended(sources, state_RH, post_R)
        inputs_RX = torch.cat((self.with_topics("words", word_RE, sources, post_R), read_RH), dim=-1)
        after_RH: Tensor = self.gru.step(inputs_RX, state_RH)
        return read_RH, after_RH, attention_RL
