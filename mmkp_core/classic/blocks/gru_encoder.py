"""The bidirectional GRU that reads the words of a post."""

from typing import ClassVar

from torch import Tensor

from mmkp_core.classic.batch import AnyField
from mmkp_core.classic.blocks.block import Encoder, Sizes, TextStates
from mmkp_core.classic.blocks.gru import BiGru
from mmkp_core.classic.fields.words import WordField, WordTensors
from mmkp_core.classic.parts.encoders import GruEncoderSpec
from mmkp_core.errors import WrongInput


class GruEncoder(Encoder):
    fields: ClassVar[tuple[AnyField, ...]] = (WordField,)

    def __init__(self, spec: GruEncoderSpec, sizes: Sizes) -> None:
        super().__init__()
        if sizes.hidden % 2:
            raise WrongInput(
                f"hidden={sizes.hidden} cannot be split between two reading directions; give an even number"
            )
        self.gru = BiGru(sizes.word_size, sizes.hidden, spec.layers, sizes.dropout)

    def forward(self, words: WordTensors, vectors_LBE: Tensor) -> TextStates:
        state_LBH, last_BH = self.gru(vectors_LBE, words.lengths)
        return TextStates(state_LBH.transpose(0, 1).contiguous(), words.mask_BL, last_BH)
