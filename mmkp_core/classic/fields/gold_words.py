"""The field of the keyphrases as texts to be read, not written. Axes: N phrases (longest first), L words."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, longest_first, tensor
from mmkp_core.classic.fields.words import WordTensors, word_tensors


@dataclass(frozen=True, slots=True)
class GoldTensors(Tensors):
    words: WordTensors
    post_N: Tensor

    def word_numbers(self) -> Tensor:
        return self.words.words_LB


class GoldField(Field[GoldTensors]):
    from_keyphrases: ClassVar[bool] = True

    def __init__(self, inputs: FieldInputs) -> None:
        known = inputs.known.words
        self._numbers = [[[known.number(word) for word in phrase] for phrase in found] for found in inputs.phrases]

    def batch(self, rows: Numbers) -> GoldTensors:
        pairs = longest_first(self._numbers, rows)
        phrases = [self._numbers[rows[place]][number] for place, number in pairs]
        words = word_tensors(phrases, phrases, [[0] * len(phrase) for phrase in phrases])
        return GoldTensors(words, tensor(np.array([place for place, _ in pairs], dtype=np.int64)))
