"""How do posts become tensors?

A batch holds every post once, longest first; its phrases are flattened beside it, each with the number of its post,
so the encoder reads a post once however many phrases it has. Axes: B posts, L words, N phrases (longest first), T steps
of a phrase, M words to be written (step by step, of each step the phrases still alive), P cells, D numbers per cell,
A attributes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.post import Example, ImageFeatures
from mmkp_core.data.text import tokens
from mmkp_core.data.vocabulary import (
    BOS,
    EOS,
    PAD,
    SEGMENT,
    UNK,
    CopyCodes,
    Vocabulary,
    class_vocabulary,
    copy_codes,
    word_vocabulary,
)

LONGEST_PHRASE = 20  # words; the longest published keyphrase has 7. A longer one is learned up to here

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Vocabularies:
    words: Vocabulary
    classes: Vocabulary


@dataclass(frozen=True, slots=True)
class ClassicBatch:
    rows: Numbers
    """Which sample stands in which place of B."""
    lengths: list[int]
    words_LB: Tensor
    copied_BL: Tensor
    """The words as they are copied; past the vocabulary are the posts' own numbers."""
    text_there_BL: Tensor
    attributes_BA: Tensor
    attributes_there_BA: Tensor
    image_BPD: Tensor
    image_there_B: Tensor
    phrase_lengths: list[int]
    read_TN: Tensor
    """What the decoder reads: the begin sign, then the phrase."""
    post_N: Tensor
    class_N: Tensor
    target_M: Tensor
    """What is to be written: the phrase, then the end sign."""
    place_M: Tensor
    """Where M stands in the flattened T x N."""

    def to(self, device: torch.device) -> "ClassicBatch":
        moved: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            moved[f.name] = value.to(device) if isinstance(value, Tensor) else value
        return ClassicBatch(**moved)

    @property
    def post_M(self) -> Tensor:
        return self.post_N[self.place_M % self.post_N.shape[0]]


def source_words(example: Example, spec: ClassicSpec) -> list[str]:
    """The words that a system reads of a post: its own, then those in its image.

    With entities it is three parts for every post, as in MM-MKP's files, the middle one blank where nothing was read.
    """
    words, seen = tokens(example.post.text.lower()), tokens(example.image_words.lower()) if spec.image_words else []
    if spec.entities:
        return [*words, SEGMENT, *seen, SEGMENT, *tokens(" ; ".join(example.entities).lower())]
    return [*words, SEGMENT, *seen] if seen else words


def attribute_words(example: Example, spec: ClassicSpec) -> list[str]:
    if spec.blind or spec.fusion != "each_asks_others":
        return []
    return [word for attribute in example.attributes for word in tokens(attribute.lower())]


def phrase_words(keyphrase: str) -> list[str]:
    return tokens(keyphrase.lower())[:LONGEST_PHRASE]


def phrases(example: Example) -> list[list[str]]:
    """The distinct keyphrases of a post, in words."""
    distinct = dict.fromkeys(tuple(phrase_words(keyphrase)) for keyphrase in example.post.keyphrases)
    return [list(words) for words in distinct if words]


def vocabularies(train: Sequence[Example], spec: ClassicSpec) -> Vocabularies:
    """What the training posts teach of words and classes, and nothing else does."""

    def texts() -> Any:
        for example in train:
            yield source_words(example, spec)[: spec.longest_text]
            yield from phrases(example)
            yield attribute_words(example, spec)

    classes = class_vocabulary(" ".join(words) for example in train for words in phrases(example))
    return Vocabularies(word_vocabulary(texts(), spec.words), classes)


class ClassicSamples:
    """Posts in numbers, cut into batches on demand; image vectors are fetched only then."""

    def __init__(
        self,
        examples: Sequence[Example],
        known: Vocabularies,
        spec: ClassicSpec,
        features: ImageFeatures | None,
    ) -> None:
        self._examples = examples
        self._features = None if spec.blind or spec.fusion == "none" else features
        self._cell_size = features.matrix.shape[2] if features is not None else 1
        self._words = known.words
        self._spec = spec
        self.cut = 0
        """Posts longer than what is read of them."""
        self._codes: list[CopyCodes] = []
        self._attributes: list[list[int]] = []
        self._phrases: list[list[list[int]]] = []
        self._classes: list[list[int]] = []
        for example in examples:
            whole = source_words(example, spec) or [""]
            self.cut += len(whole) > spec.longest_text
            codes = copy_codes(whole[: spec.longest_text], known.words, spec.copied_strangers)
            found = phrases(example)
            self._codes.append(codes)
            self._attributes.append([known.words.number(word) for word in attribute_words(example, spec)])
            self._phrases.append([codes.target(words, known.words) for words in found])
            self._classes.append([known.classes.number(" ".join(words)) for words in found])
        self.lengths: Numbers = np.array([len(codes.words) for codes in self._codes], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._examples)

    def names(self, indices: npt.NDArray[np.int64]) -> list[str]:
        return [self._examples[i].post.post_id for i in indices]

    def spelled(self, index: int, numbers: Sequence[int], looked_at: Sequence[int]) -> str:
        """A generated phrase in words; for an unknown word stands the source's that was looked at."""
        codes, words = self._codes[index], self._words.words
        strangers = list(codes.strangers)
        spelled = []
        for number, place in zip(numbers, looked_at, strict=True):
            if number == UNK:
                spelled += source_words(self._examples[index], self._spec)[place : place + 1]
            else:
                spelled.append(words[number] if number < len(words) else strangers[number - len(words)])
        return " ".join(spelled)

    def batch(self, indices: npt.NDArray[np.int64]) -> ClassicBatch:
        rows = indices[np.argsort(-self.lengths[indices], kind="stable")]
        words_BL = _padded([self._codes[i].words for i in rows])
        attributes_BA = _padded([self._attributes[i] for i in rows])
        image_BPD, image_there_B = self._image(rows)
        pairs = [
            (phrase, label, place)
            for place, i in enumerate(rows)
            for phrase, label in zip(self._phrases[i], self._classes[i], strict=True)
        ]
        pairs.sort(key=lambda pair: -len(pair[0]))
        phrase_lengths = [len(phrase) + 1 for phrase, _, _ in pairs]
        read_NT = _padded([[BOS, *phrase] for phrase, _, _ in pairs])
        target_NT = _padded([[*phrase, EOS] for phrase, _, _ in pairs])
        step_T1 = np.arange(target_NT.shape[1])[:, None]
        place_M = np.flatnonzero(step_T1 < np.array(phrase_lengths, dtype=np.int64))
        return ClassicBatch(
            rows=rows,
            lengths=self.lengths[rows].tolist(),
            words_LB=_tensor(words_BL.T),
            copied_BL=_tensor(_padded([self._codes[i].copies for i in rows])),
            text_there_BL=_tensor(np.arange(words_BL.shape[1]) < self.lengths[rows][:, None]),
            attributes_BA=_tensor(attributes_BA),
            attributes_there_BA=_tensor(attributes_BA != PAD),
            image_BPD=_tensor(image_BPD),
            image_there_B=_tensor(image_there_B),
            phrase_lengths=phrase_lengths,
            read_TN=_tensor(np.where(read_NT < len(self._words), read_NT, UNK).T),
            post_N=_tensor(np.array([place for _, _, place in pairs], dtype=np.int64)),
            class_N=_tensor(np.array([label for _, label, _ in pairs], dtype=np.int64)),
            target_M=_tensor(target_NT.T.reshape(-1)[place_M]),
            place_M=_tensor(place_M),
        )

    def _image(self, rows: Numbers) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        if self._features is None:  # one masked cell of zeros stands for any image
            return np.zeros((len(rows), 1, self._cell_size), dtype=np.float32), np.zeros(len(rows), dtype=bool)
        return self._features.gather([self._examples[i].post.image_key for i in rows])


def _padded(lists: Sequence[Sequence[int]]) -> Numbers:
    """[len(lists), longest, but at least one], the rest PAD."""
    out = np.full((len(lists), max((len(numbers) for numbers in lists), default=0) or 1), PAD, dtype=np.int64)
    for row, numbers in enumerate(lists):
        out[row, : len(numbers)] = numbers
    return out


def _tensor(array: npt.NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
