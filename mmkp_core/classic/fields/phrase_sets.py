"""The field of the keyphrases as a set: as many places as a post can have phrases, those left over saying "none".

The first half of the places is for phrases that stand in the text, the second for the others; what does not fit is left
out. Axes: B posts, N places, T words of a phrase.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, tensor
from mmkp_core.classic.parts.writers import SetWriterSpec
from mmkp_core.data.vocabulary import BOS, EOS, NULL, PAD, UNK


@dataclass(frozen=True, slots=True)
class PhraseSetTensors(Tensors):
    read_BNT: Tensor
    """What the writer reads: the begin sign, then the phrase but for its last word."""
    target_BNT: Tensor
    """What is to be written: the phrase and its end sign, or NULL; then PAD, which nothing is to be written for."""

    def word_numbers(self) -> Tensor:
        return self.read_BNT


class PhraseSetField(Field[PhraseSetTensors]):
    from_keyphrases: ClassVar[bool] = True

    def __init__(self, inputs: FieldInputs) -> None:
        writer = inputs.spec.writer
        if not isinstance(writer, SetWriterSpec):
            raise TypeError("only a writer of sets reads the keyphrases as a set")
        self._known = len(inputs.known.words)
        self._targets = np.full((len(inputs.examples), writer.codes, writer.steps), PAD, dtype=np.int64)
        self._targets[:, :, 0] = NULL
        half = writer.codes // 2
        for place, target_NT in enumerate(self._targets):
            for start, phrases in zip((0, half), inputs.in_text_first(place), strict=True):
                for number, phrase in enumerate(phrases[:half], start):
                    words = [*phrase, EOS][: writer.steps]
                    target_NT[number, : len(words)] = words

    def batch(self, rows: Numbers) -> PhraseSetTensors:
        target_BNT = self._targets[rows]
        read_BNT = np.concatenate([np.full_like(target_BNT[:, :, :1], BOS), target_BNT[:, :, :-1]], axis=2)
        return PhraseSetTensors(tensor(np.where(read_BNT < self._known, read_BNT, UNK)), tensor(target_BNT))
