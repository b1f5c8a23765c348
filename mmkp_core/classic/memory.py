"""The training posts as a system with neighbours remembers them: their words, keyphrases and image vectors.

Axes: P posts, D numbers of an image's mean vector, F facts.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mmkp_core.data.neighbours import Neighbourhood, neighbourhood
from mmkp_core.data.post import ImageFeatures

Floats = npt.NDArray[np.float32]
Phrase = tuple[str, ...]
TOGETHER = 256  # images compared at once

FACTS = (
    "votes of neighbours by words", "their share of all", "highest cosine", "neighbours that have it",
    "votes by image", "training posts that have it", "mentioned", "how often right where mentioned",
)  # fmt: skip


@dataclass(frozen=True)
class Memory:
    post_ids: Sequence[str]
    texts: Sequence[Sequence[str]]
    phrases: Sequence[Sequence[Phrase]]
    vectors_PD: Floats | None
    """Of length 1, or zero for a post without an image; None where image vectors are not read."""

    @cached_property
    def by_words(self) -> Neighbourhood:
        return neighbourhood(self.texts)

    @cached_property
    def counts(self) -> Counter[Phrase]:
        """How many posts have a keyphrase."""
        return Counter(phrase for found in self.phrases for phrase in found)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {post_id: place for place, post_id in enumerate(self.post_ids)}

    def place_of(self, post_id: str, words: Sequence[str]) -> int | None:
        """Where a post is remembered; posts of other data sets may have the same ids, but not the same words too."""
        place = self._places.get(post_id)
        return place if place is not None and list(self.texts[place]) == list(words) else None

    @cached_property
    def mentions(self) -> tuple[Counter[Phrase], Counter[Phrase]]:
        """How many posts mention each keyphrase, and how many of those have it."""
        mentioned, right = Counter[Phrase](), Counter[Phrase]()
        for words, found in zip(self.texts, self.phrases, strict=True):
            here = self.mentioned(words)
            mentioned.update(here)
            right.update(here & set(found))
        return mentioned, right

    def mentioned(self, words: Sequence[str]) -> set[Phrase]:
        """The keyphrases that stand in a text."""
        runs = (words[at : at + size] for at in range(len(words)) for size in range(1, self._longest + 1))
        return {phrase for run in runs if (phrase := tuple(run)) in self.counts}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.counts), default=0)

    def nearest_by_image(self, vectors_PD: Floats, count: int) -> Iterator[list[tuple[int, float]]]:
        """As `Neighbourhood.nearest`, by the cosine of image vectors."""
        if self.vectors_PD is None:
            raise TypeError("no image vectors are remembered")
        for start in range(0, len(vectors_PD), TOGETHER):
            for similar in vectors_PD[start : start + TOGETHER] @ self.vectors_PD.T:
                best = np.argsort(-similar, kind="stable")[:count]
                yield [(int(post), float(similar[post])) for post in best if similar[post] > 0]

    def facts(
        self,
        own: int | None,
        words: Sequence[str],
        by_words: Sequence[tuple[int, float]],
        by_image: Sequence[tuple[int, float]],
    ) -> dict[Phrase, list[float]]:
        """`FACTS` of each keyphrase of the neighbours, and of those that the text mentions.

        `own` is the post's place among those remembered: what it says of its own keyphrases does not count.
        """
        votes: dict[Phrase, list[float]] = {}
        for post, cosine in by_words:
            for phrase in self.phrases[post]:
                votes.setdefault(phrase, []).append(cosine)
        shown: dict[Phrase, float] = {}
        for post, cosine in by_image:
            for phrase in self.phrases[post]:
                shown[phrase] = shown.get(phrase, 0.0) + cosine
        total = sum(map(sum, votes.values())) or 1.0
        here, mine = self.mentioned(words), set(self.phrases[own]) if own is not None else set()
        mentions, right = self.mentions
        found = {}
        for phrase in sorted({*votes, *shown, *here}):
            had, itself = phrase in mine, own is not None
            count = self.counts[phrase] - had
            if count:
                given = votes.get(phrase, [])
                seen = mentions[phrase] - (itself and phrase in here)
                hits = right[phrase] - (had and phrase in here)
                found[phrase] = [
                    sum(given), sum(given) / total, max(given, default=0.0), math.log1p(len(given)),
                    shown.get(phrase, 0.0), math.log1p(count), float(phrase in here),
                    hits / (seen + 1) if phrase in here else 0.0,
                ]  # fmt: skip
        return found


def mean_vectors(features: ImageFeatures, keys: Sequence[str | None]) -> Floats:
    """[P, D] the mean of each image's cells, of length 1; zero where there is none."""
    parts = []
    for start in range(0, len(keys), TOGETHER):
        cells, mask = features.gather(keys[start : start + TOGETHER])
        mean = cells.sum(1) / np.maximum(mask.sum(1, keepdims=True), 1)
        parts.append(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12))
    whole: Floats = np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, features.numbers), np.float32)
    return whole
