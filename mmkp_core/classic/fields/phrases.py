"""The field of the keyphrases that are to be written.

A post stands in a batch once; its phrases are flattened beside it, each with the number of its post, so that the text
is read once however many phrases it has. Where a writer writes all phrases of a post as one sequence, that stands for
a phrase here. Axes: N phrases (longest first), T steps of a phrase, M words to be written (step by step, of each step
the phrases still alive).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, longest_first, padded, tensor
from mmkp_core.classic.parts.writers import SequenceSpec
from mmkp_core.data.vocabulary import BOS, EOS, SEP, UNK


@dataclass(frozen=True, slots=True)
class PhraseTensors(Tensors):
    lengths: list[int]
    read_TN: Tensor
    """What the writer reads: the begin sign, then the phrase."""
    post_N: Tensor
    target_M: Tensor
    """What is to be written: the phrase, then the end sign."""
    place_M: Tensor
    """Where M stands in the flattened T x N."""

    @property
    def post_M(self) -> Tensor:
        return self.post_N[self.place_M % self.post_N.shape[0]]

    def word_numbers(self) -> Tensor:
        return self.read_TN


class PhraseField(Field[PhraseTensors]):
    from_keyphrases: ClassVar[bool] = True

    def __init__(self, inputs: FieldInputs) -> None:
        self._known = inputs.known.words
        writer = inputs.spec.writer
        if isinstance(writer, SequenceSpec) and writer.target == "all":
            self._targets = [_in_a_row(*inputs.in_text_first(place)) for place in range(len(inputs.examples))]
        else:
            self._targets = [
                [codes.target(words, self._known) for words in phrases]
                for codes, phrases in zip(inputs.codes, inputs.phrases, strict=True)
            ]

    def batch(self, rows: Numbers) -> PhraseTensors:
        pairs = longest_first(self._targets, rows)
        phrases = [self._targets[rows[place]][number] for place, number in pairs]
        lengths = [len(phrase) + 1 for phrase in phrases]
        read_NT = padded([[BOS, *phrase] for phrase in phrases])
        target_NT = padded([[*phrase, EOS] for phrase in phrases])
        step_T1 = np.arange(target_NT.shape[1])[:, None]
        place_M = np.flatnonzero(step_T1 < np.array(lengths, dtype=np.int64))
        return PhraseTensors(
            lengths=lengths,
            read_TN=tensor(np.where(read_NT < len(self._known), read_NT, UNK).T),
            post_N=tensor(np.array([place for place, _ in pairs], dtype=np.int64)),
            target_M=tensor(target_NT.T.reshape(-1)[place_M]),
            place_M=tensor(place_M),
        )


def _in_a_row(present: list[list[int]], absent: list[list[int]]) -> list[list[int]]:
    """All phrases of a post as one, a sign between them; nothing where it has none."""
    whole = [number for phrase in (*present, *absent) for number in (*phrase, SEP)]
    return [whole[:-1]] if whole else []
