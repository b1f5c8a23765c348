"""Fields of a batch: each turns one side of the posts into tensors, and a block names those that it needs."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import Vocabularies, first_place, phrases, random_words, source_words
from mmkp_core.data.post import Example, ImageFeatures
from mmkp_core.data.vocabulary import PAD, CopyCodes, copy_codes

Numbers = npt.NDArray[np.int64]


class Tensors:
    """What a field puts into a batch; implementations are frozen dataclasses."""

    def to(self, device: torch.device) -> Self:
        moved = {f.name: value.to(device) for f in fields(self) if isinstance(value := getattr(self, f.name), Tensor)}  # type: ignore[arg-type]
        return replace(self, **moved)  # type: ignore[type-var]

    def word_numbers(self) -> Tensor | None:
        """The words in it whose vectors are looked up, if there are any."""
        return None


T = TypeVar("T", bound=Tensors)


@dataclass(frozen=True)
class FieldInputs:
    """What fields are made from."""

    examples: Sequence[Example]
    known: Vocabularies
    spec: ClassicSpec
    features: ImageFeatures | None
    cell_numbers: int
    """Numbers per cell of an image: what the network expects, whether or not there are features."""

    @cached_property
    def codes(self) -> list[CopyCodes]:
        """What is read of each post, in numbers."""
        copying = self.spec.writer.copying if self.spec.writer else None
        oov = copying.oov if copying else 0
        return [copy_codes(self.source(place), self.known.words, oov) for place in range(len(self.examples))]

    def source(self, place: int) -> list[str]:
        """What is read of a post, in words; one blank word where there is nothing."""
        reads, example = self.spec.reads, self.examples[place]
        words = source_words(example, reads, self.known.tokens)
        if reads.entities and reads.in_their_place == "random_words":
            words += random_words(example.post.post_id, self.known.words)
        return (words or [""])[: reads.longest]

    @cached_property
    def phrases(self) -> list[list[list[str]]]:
        """The keyphrases of each post, in words."""
        return [phrases(example) for example in self.examples]

    def in_text_first(self, place: int) -> tuple[list[list[int]], list[list[int]]]:
        """The keyphrases of a post in numbers: those that stand in what is read, in its order, and the others."""
        codes, source, known = self.codes[place], self.source(place), self.known.words
        found = [(first_place(words, source), codes.target(words, known)) for words in self.phrases[place]]
        present = sorted((at, target) for at, target in found if at is not None)
        return [target for _, target in present], [target for at, target in found if at is None]


class Field(ABC, Generic[T]):
    """One field, for all posts; made once, cut into batches on demand."""

    from_keyphrases: ClassVar[bool] = False
    """Made of what is to be predicted: training needs it, prediction does not."""

    lengths: Numbers | None = None
    """How long each post is in this field, where posts differ in it."""

    @abstractmethod
    def __init__(self, inputs: FieldInputs) -> None: ...

    @abstractmethod
    def batch(self, rows: Numbers) -> T:
        """These posts, in this order."""


def longest_first(lists: Sequence[Sequence[Any]], rows: Numbers) -> list[tuple[int, int]]:
    """The sequences that the posts of a batch have: each one's place in the batch, and its number in its post."""
    found = [(place, number) for place, row in enumerate(rows) for number in range(len(lists[row]))]
    return sorted(found, key=lambda pair: -len(lists[rows[pair[0]]][pair[1]]))


def padded(lists: Sequence[Sequence[int]]) -> Numbers:
    """[len(lists), longest, but at least one], the rest PAD."""
    out = np.full((len(lists), max((len(numbers) for numbers in lists), default=0) or 1), PAD, dtype=np.int64)
    for row, numbers in enumerate(lists):
        out[row, : len(numbers)] = numbers
    return out


def tensor(array: npt.NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
