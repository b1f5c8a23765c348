"""Batches of posts: the fields that the blocks of a system need, and no others. Axes: B posts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, T
from mmkp_core.data.vocabulary import UNK

AnyField = type[Field[Any]]


@dataclass(frozen=True, slots=True)
class ClassicBatch:
    rows: Numbers
    """Which sample stands in which place of B."""
    fields: Mapping[AnyField, Any]

    def __getitem__(self, field: type[Field[T]]) -> T:
        """The tensors of a field; only a field that a block names is there."""
        found: T = self.fields[field]
        return found

    def to(self, device: torch.device) -> "ClassicBatch":
        return ClassicBatch(self.rows, {field: tensors.to(device) for field, tensors in self.fields.items()})


class ClassicSamples:
    """Posts in numbers, cut into batches on demand, longest text first."""

    def __init__(self, inputs: FieldInputs, fields: Sequence[AnyField]) -> None:
        self._inputs = inputs
        self._fields = {field: field(inputs) for field in fields}
        found = [field.lengths for field in self._fields.values() if field.lengths is not None]
        self.lengths: Numbers = found[0] if found else np.zeros(len(inputs.examples), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._inputs.examples)

    @property
    def keyphrases(self) -> list[list[str]]:
        return [[" ".join(words) for words in phrases] for phrases in self._inputs.phrases]

    def names(self, indices: Numbers) -> list[str]:
        return [self._inputs.examples[i].post.post_id for i in indices]

    def batch(self, indices: Numbers) -> ClassicBatch:
        rows = indices[np.argsort(-self.lengths[indices], kind="stable")]
        return ClassicBatch(rows, {field: made.batch(rows) for field, made in self._fields.items()})

    def spelled(self, index: int, numbers: Sequence[int], looked_at: Sequence[int]) -> str:
        """A generated phrase in words; for an unknown word stands the source's that was looked at."""
        known, oov = self._inputs.known.words.words, list(self._inputs.codes[index].oov)
        spelled = []
        for number, place in zip(numbers, looked_at, strict=True):
            if number == UNK:
                spelled += self._inputs.source(index)[place : place + 1]
            else:
                spelled.append(known[number] if number < len(known) else oov[number - len(known)])
        return " ".join(word for word in spelled if word)
