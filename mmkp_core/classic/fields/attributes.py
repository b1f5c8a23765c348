"""The field of the image's attribute words. Axes: B posts, A attributes."""

from dataclasses import dataclass

from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, padded, tensor
from mmkp_core.classic.texts import attribute_words
from mmkp_core.data.vocabulary import PAD


@dataclass(frozen=True, slots=True)
class AttributeTensors(Tensors):
    words_BA: Tensor
    mask_BA: Tensor

    def word_numbers(self) -> Tensor:
        return self.words_BA


class AttributeField(Field[AttributeTensors]):
    def __init__(self, inputs: FieldInputs) -> None:
        known, reads = inputs.known.words, inputs.spec.reads
        self._words = [[known.number(word) for word in attribute_words(e, reads)] for e in inputs.examples]

    def batch(self, rows: Numbers) -> AttributeTensors:
        words_BA = padded([self._words[row] for row in rows])
        return AttributeTensors(tensor(words_BA), tensor(words_BA != PAD))
