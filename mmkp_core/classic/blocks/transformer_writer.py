"""The Transformer writer. Axes: B posts, L words, R rows, N phrases, T steps, H hidden, E word size.

A phrase has a handful of words: in decoding each step reads all of them again, and nothing is kept but their vectors.
"""

import torch
from torch import Tensor, nn

from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.copying_writer import WholePhraseWriter
from mmkp_core.classic.blocks.transformer import positions, require_heads
from mmkp_core.classic.blocks.writer import NextWords, Sources
from mmkp_core.classic.fields.phrases import PhraseTensors
from mmkp_core.classic.parts.writers import SetWriterSpec, TransformerWriterSpec


class TransformerWriter(WholePhraseWriter[Tensor]):
    """Its state [R, T, E] are the vectors of the words read so far."""

    def __init__(self, spec: TransformerWriterSpec | SetWriterSpec, sizes: Sizes) -> None:
        super().__init__(spec, sizes)
        require_heads(sizes.hidden, spec.heads)
        self.word_size = sizes.word_size
        self.project = nn.Linear(sizes.word_size + self.topics_in("words", sizes), sizes.hidden)
        self.dropout = nn.Dropout(sizes.dropout)
        layer = nn.TransformerDecoderLayer(
            sizes.hidden, spec.heads, spec.inner, sizes.dropout, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerDecoder(layer, spec.layers, nn.LayerNorm(sizes.hidden))

    def states(self, sources: Sources, phrases: PhraseTensors, word_TNE: Tensor) -> Tensor:
        return self._read(sources, word_TNE.transpose(0, 1), phrases.post_N).transpose(0, 1)

    def start(self, sources: Sources) -> Tensor:
        return sources.text.states_BLH.new_zeros(len(sources.copied_BS), 0, self.word_size)

    def step(self, sources: Sources, state: Tensor, word_RE: Tensor, post_R: Tensor) -> tuple[NextWords, Tensor]:
        state = torch.cat((state, word_RE.unsqueeze(1)), dim=1)
        return self.next_words(sources, self._read(sources, state, post_R)[:, -1], word_RE, post_R), state

    def reorder(self, state: Tensor, row_R: Tensor) -> Tensor:
        return state[row_R]

    def _read(self, sources: Sources, word_NTE: Tensor, post_N: Tensor) -> Tensor:
        """[N, T, H]; a word sees itself, those before it, and its post's text."""
        words_NTH = self.project(self.with_topics("words", word_NTE, sources, post_N))
        steps, hidden = words_NTH.shape[1:]
        later_TT = torch.ones(steps, steps, dtype=torch.bool, device=words_NTH.device).triu(1)
        states_NTH: Tensor = self.layers(
            self.dropout(words_NTH + positions(steps, hidden, words_NTH.device)),
            sources.text.states_BLH.index_select(0, post_N),
            tgt_mask=later_TT,
            memory_key_padding_mask=~sources.text.mask_BL.index_select(0, post_N),
        )
        return states_NTH
