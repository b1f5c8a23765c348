"""The Transformer that reads the words of a post."""

from typing import ClassVar

from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField
from mmkp_core.classic.blocks.attention import masked_mean
from mmkp_core.classic.blocks.block import Encoder, Sizes, TextStates
from mmkp_core.classic.blocks.transformer import positions, require_heads
from mmkp_core.classic.fields.words import WordField, WordTensors
from mmkp_core.classic.parts.encoders import TransformerEncoderSpec


class TransformerEncoder(Encoder):
    """A writer that wants a state to start from gets the mean of the words'."""

    fields: ClassVar[tuple[AnyField, ...]] = (WordField,)

    def __init__(self, spec: TransformerEncoderSpec, sizes: Sizes) -> None:
        super().__init__()
        require_heads(sizes.hidden, spec.heads)
        self.project = nn.Linear(sizes.word_size, sizes.hidden)
        self.dropout = nn.Dropout(sizes.dropout)
        layer = nn.TransformerEncoderLayer(
            sizes.hidden, spec.heads, spec.inner, sizes.dropout, batch_first=True, norm_first=True
        )
        norm = nn.LayerNorm(sizes.hidden)
        self.layers = nn.TransformerEncoder(layer, spec.layers, norm, enable_nested_tensor=False)

    def forward(self, words: WordTensors, vectors_LBE: Tensor) -> TextStates:
        mask_BL = words.mask_BL
        words_BLH = self.project(vectors_LBE.transpose(0, 1))
        placed_BLH = words_BLH + positions(words_BLH.shape[1], words_BLH.shape[2], words_BLH.device)
        states_BLH = self.layers(self.dropout(placed_BLH), src_key_padding_mask=~mask_BL)
        states_BLH = states_BLH * mask_BL.unsqueeze(-1)
        return TextStates(states_BLH, mask_BL, masked_mean(states_BLH, mask_BL))
