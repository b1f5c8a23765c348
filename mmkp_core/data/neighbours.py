"""Finds the training posts that are most similar to a post, by the cosine of TF-IDF vectors over words.

A word weighs (1 + log tf) idf^2. On four held-out tenths of 5,370 tweets a ten-neighbour vote has a mean F1@1 of
23.2 with these weights, 21.5 with idf unsquared, 20.1 with plain tf and idf.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mmkp_core.data.vocabulary import Vocabulary, word_vocabulary

UNLIMITED = 1 << 31
TOGETHER = 256  # posts compared at once; their similarities to all training posts are held


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Training posts, ready to be compared with."""

    words: Vocabulary
    idf: npt.NDArray[np.float64]
    posts: sparse.csr_matrix
    """[posts, words], rows of length 1"""

    def nearest(self, texts: Sequence[Sequence[str]], count: int) -> list[list[tuple[int, float]]]:
        """For each text the `count` most similar training posts and their cosines; of equals the earlier first."""
        found = []
        for start in range(0, len(texts), TOGETHER):
            compared = _weighted(texts[start : start + TOGETHER], self.words, self.idf)
            for similar in (compared @ self.posts.T).toarray():
                best = np.argsort(-similar, kind="stable")[:count]
                found.append([(int(post), float(similar[post])) for post in best if similar[post] > 0])
        return found


def neighbourhood(texts: Sequence[Sequence[str]]) -> Neighbourhood:
    words = word_vocabulary(texts, UNLIMITED)
    counts = _counts(texts, words)
    appears_in = np.bincount(counts.indices, minlength=len(words))
    idf = np.log((1 + len(texts)) / (1 + appears_in)) + 1
    return Neighbourhood(words, idf, _weighted(texts, words, idf))


def _counts(texts: Sequence[Sequence[str]], words: Vocabulary) -> sparse.csr_matrix:
    numbers = [[words.numbers[word] for word in text if word in words.numbers] for text in texts]
    starts = np.cumsum([0, *(len(row) for row in numbers)])
    columns = np.array([number for row in numbers for number in row], dtype=np.int64)
    counts = sparse.csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(texts), len(words)))
    counts.sum_duplicates()
    return counts


def _weighted(texts: Sequence[Sequence[str]], words: Vocabulary, idf: npt.NDArray[np.float64]) -> sparse.csr_matrix:
    weighted = _counts(texts, words)
    weighted.data = (1 + np.log(weighted.data)) * idf[weighted.indices] ** 2
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(1)).ravel())
    weighted.data /= np.repeat(length, np.diff(weighted.indptr))
    return weighted
