"""The field of the keyphrases as classes. Axes: N phrases, longest first."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, longest_first, tensor


@dataclass(frozen=True, slots=True)
class LabelTensors(Tensors):
    post_N: Tensor
    class_N: Tensor
    """0 for a phrase that no training post has."""


class LabelField(Field[LabelTensors]):
    from_keyphrases: ClassVar[bool] = True

    def __init__(self, inputs: FieldInputs) -> None:
        self._phrases = inputs.phrases
        known = inputs.known.classes
        self._classes = [[known.number(" ".join(words)) for words in phrases] for phrases in inputs.phrases]

    def batch(self, rows: Numbers) -> LabelTensors:
        pairs = longest_first(self._phrases, rows)
        return LabelTensors(
            post_N=tensor(np.array([place for place, _ in pairs], dtype=np.int64)),
            class_N=tensor(np.array([self._classes[rows[place]][number] for place, number in pairs], dtype=np.int64)),
        )
