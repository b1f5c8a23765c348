"""The field of the words that are read. Axes: B posts (longest first), L words."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, padded, tensor


@dataclass(frozen=True, slots=True)
class WordTensors(Tensors):
    lengths: list[int]
    words_LB: Tensor
    copied_BL: Tensor
    """The words as they are copied; past the vocabulary are the posts' own numbers."""
    mask_BL: Tensor

    def word_numbers(self) -> Tensor:
        return self.words_LB


class WordField(Field[WordTensors]):
    def __init__(self, inputs: FieldInputs) -> None:
        self._codes = inputs.codes
        self.lengths: Numbers = np.array([len(codes.words) for codes in self._codes], dtype=np.int64)

    def batch(self, rows: Numbers) -> WordTensors:
        words_BL = padded([self._codes[row].words for row in rows])
        return WordTensors(
            lengths=self.lengths[rows].tolist(),
            words_LB=tensor(words_BL.T),
            copied_BL=tensor(padded([self._codes[row].copies for row in rows])),
            mask_BL=tensor(np.arange(words_BL.shape[1]) < self.lengths[rows][:, None]),
        )
