"""The field of the words that are read. Axes: B posts (longest first), L words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, padded, tensor
from mmkp_core.data.vocabulary import SEGMENT

PARTS = 3


@dataclass(frozen=True, slots=True)
class WordTensors(Tensors):
    lengths: list[int]
    words_LB: Tensor
    copied_BL: Tensor
    """The words as they are copied; past the vocabulary are the posts' own numbers."""
    mask_BL: Tensor
    part_LB: Tensor
    """0 in the text, 1 from the first sign of a new part on, 2 from the second on."""

    def word_numbers(self) -> Tensor:
        return self.words_LB


class WordField(Field[WordTensors]):
    def __init__(self, inputs: FieldInputs) -> None:
        self._codes = inputs.codes
        self._parts = [list(_parts(inputs.source(place))) for place in range(len(inputs.examples))]
        self.lengths: Numbers = np.array([len(codes.words) for codes in self._codes], dtype=np.int64)

    def batch(self, rows: Numbers) -> WordTensors:
        codes = [self._codes[row] for row in rows]
        return word_tensors([c.words for c in codes], [c.copies for c in codes], [self._parts[row] for row in rows])


def word_tensors(words: Sequence[list[int]], copies: Sequence[list[int]], parts: Sequence[list[int]]) -> WordTensors:
    """Texts in numbers; no two of them need be equally long."""
    lengths = [len(text) for text in words]
    words_BL = padded(words)
    return WordTensors(
        lengths=lengths,
        words_LB=tensor(words_BL.T),
        copied_BL=tensor(padded(copies)),
        mask_BL=tensor(np.arange(words_BL.shape[1]) < np.array(lengths, dtype=np.int64)[:, None]),
        part_LB=tensor(padded(parts).T),
    )


def _parts(words: Sequence[str]) -> Iterator[int]:
    part = 0
    for word in words:
        part = min(part + (word == SEGMENT), PARTS - 1)
        yield part
