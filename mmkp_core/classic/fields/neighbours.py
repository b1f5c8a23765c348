"""The field of the keyphrases that training posts lend to a post, with what is known of each.

Axes: B posts, K phrases, T words of a phrase, F facts.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, tensor
from mmkp_core.classic.memory import FACTS, mean_vectors
from mmkp_core.classic.parts.neighbours import NeighbourSpec
from mmkp_core.data.vocabulary import EOS, PAD, UNK

Near = list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class NeighbourTensors(Tensors):
    words_BKT: Tensor
    """Each phrase and its end sign, then PAD; a phrase that is not there is PAD throughout."""
    facts_BKF: Tensor


class NeighbourField(Field[NeighbourTensors]):
    def __init__(self, inputs: FieldInputs) -> None:
        spec, memory = inputs.spec.neighbours, inputs.known.memory
        if spec is None or memory is None:
            raise TypeError("a system without neighbours remembers no posts")
        texts = [inputs.source(place) for place in range(len(inputs.examples))]
        own = [memory.place_of(e.post.post_id, text) for e, text in zip(inputs.examples, texts, strict=True)]
        near = _others(memory.by_words.nearest(texts, 3 * spec.posts), own, spec)
        seen: list[Near] = [[] for _ in texts]
        if memory.vectors_PD is not None and inputs.features is not None:
            vectors_PD = mean_vectors(inputs.features, [example.post.image_key for example in inputs.examples])
            seen = _others(list(memory.nearest_by_image(vectors_PD, 3 * spec.posts)), own, spec)
        self._words: list[list[list[int]]] = []
        self._facts: list[list[list[float]]] = []
        for codes, place, text, by_words, by_image in zip(inputs.codes, own, texts, near, seen, strict=True):
            facts = memory.facts(place, text, by_words, by_image)
            numbers = {phrase: codes.target(phrase, inputs.known.words) for phrase in facts}
            copied = [phrase for phrase in facts if UNK not in numbers[phrase]]
            promise = {phrase: _promise(facts[phrase]) for phrase in copied}
            best = sorted(copied, key=promise.__getitem__, reverse=True)[: spec.phrases]
            self._words.append([[*numbers[phrase], EOS] for phrase in best])
            self._facts.append([facts[phrase] for phrase in best])

    def batch(self, rows: Numbers) -> NeighbourTensors:
        most = max((len(self._words[row]) for row in rows), default=0) or 1
        longest = max((len(words) for row in rows for words in self._words[row]), default=0) or 1
        words_BKT = np.full((len(rows), most, longest), PAD, dtype=np.int64)
        facts_BKF = np.zeros((len(rows), most, len(FACTS)), dtype=np.float32)
        for place, row in enumerate(rows):
            for number, (words, facts) in enumerate(zip(self._words[row], self._facts[row], strict=True)):
                words_BKT[place, number, : len(words)] = words
                facts_BKF[place, number] = facts
        return NeighbourTensors(tensor(words_BKT), tensor(facts_BKF))


def _promise(facts: list[float]) -> float:
    """By which a post's phrases are chosen: votes, or how often right where mentioned."""
    by_words, _, _, _, by_image, _, _, right = facts
    return by_words + by_image + right


def _others(nearest: list[Near], own: list[int | None], spec: NeighbourSpec) -> list[Near]:
    """Without the post itself, if it is remembered, and then without its near-copies."""
    found = []
    for near, place in zip(nearest, own, strict=True):
        copies = spec.near_copy if place is not None else float("inf")
        found.append([(post, cosine) for post, cosine in near if post != place and cosine < copies][: spec.posts])
    return found
