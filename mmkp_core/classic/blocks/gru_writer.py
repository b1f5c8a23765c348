"""The GRU writer; no input feeding, so whole phrases run at once.

Axes: R rows, N phrases, T steps, H hidden, E word size.
"""

from torch import Tensor

from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.copying_writer import WholePhraseWriter
from mmkp_core.classic.blocks.gru import StepGru
from mmkp_core.classic.blocks.writer import NextWords, Sources
from mmkp_core.classic.fields.phrases import PhraseTensors
from mmkp_core.classic.parts.writers import GruWriterSpec


class GruWriter(WholePhraseWriter[Tensor]):
    """Its state [R, H] is that of the GRU."""

    def __init__(self, spec: GruWriterSpec, sizes: Sizes) -> None:
        topics = sizes.topics if "words" in spec.topics else 0
        gru = StepGru(sizes.word_size + topics, sizes.hidden)  # drawn first: the order of the draws is part of a result
        super().__init__(spec, sizes)
        self.gru = gru

    def states(self, sources: Sources, phrases: PhraseTensors, word_TNE: Tensor) -> Tensor:
        start_NH = sources.text.last_BH.index_select(0, phrases.post_N)
        word_NTE = self.with_topics("words", word_TNE.transpose(0, 1), sources, phrases.post_N)
        state_TNH: Tensor = self.gru(word_NTE.transpose(0, 1), start_NH, phrases.lengths)
        return state_TNH

    def start(self, sources: Sources) -> Tensor:
        return sources.text.last_BH

    def step(self, sources: Sources, state: Tensor, word_RE: Tensor, post_R: Tensor) -> tuple[NextWords, Tensor]:
        state = self.gru.step(self.with_topics("words", word_RE, sources, post_R), state)
        return self.next_words(sources, state, word_RE, post_R), state

    def reorder(self, state: Tensor, row_R: Tensor) -> Tensor:
        return state[row_R]
