"""The field of the words that tell a topic: how often each occurs, in no order. Axes: B posts, V topic words."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, tensor
from mmkp_core.classic.parts.topics import TopicSpec
from mmkp_core.data.vocabulary import SEGMENT, SPECIALS


@dataclass(frozen=True, slots=True)
class TopicWordTensors(Tensors):
    counts_BV: Tensor
    """A word without a letter has no count."""


class TopicWordField(Field[TopicWordTensors]):
    def __init__(self, inputs: FieldInputs) -> None:
        spec = inputs.spec.topics
        if spec is None:
            raise TypeError("a system without topics counts no words")
        known = inputs.known.words
        self._first, self._size = topic_words(spec, len(known))
        end = self._first + self._size
        told = [word != SEGMENT and any(letter.isalpha() for letter in word) for word in known.words[:end]]
        self._words = [
            [number - self._first for number in codes.words if self._first <= number < end and told[number]]
            for codes in inputs.codes
        ]

    def batch(self, rows: Numbers) -> TopicWordTensors:
        counts_BV = np.zeros((len(rows), self._size), dtype=np.float32)
        for place, row in enumerate(rows):
            np.add.at(counts_BV[place], self._words[row], 1.0)
        return TopicWordTensors(tensor(counts_BV))


def topic_words(spec: TopicSpec, words: int) -> tuple[int, int]:
    """The number of the first, and how many there are: words are numbered by how frequent they are."""
    first = min(len(SPECIALS) + spec.left_out, words - 1)
    return first, min(spec.words, words - first)
