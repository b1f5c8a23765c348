"""Which posts are known already? Ids that a source gave, with a hash of what stood under each.

Sixteen bytes a post: the hashes lie in sorted arrays, not in a set of texts. Two posts of one id and one
content are one post said twice; one id with two contents is a conflict.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

NEW, DUPLICATE, CONFLICT = 0, 1, 2

Hashes = npt.NDArray[np.int64]


class KnownIds:
    """Ids seen so far. The hashes are Python's own and hold for this process only: nothing of this is stored."""

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Hashes]] = []
        """Sorted ids and their contents, the longest run first, each less than half as long as the one before."""

    @classmethod
    def from_posts(cls, batches: Iterable[pa.RecordBatch]) -> "KnownIds":
        """What a data set holds already: rows of POSTS."""
        known = cls()
        for batch in batches:
            column = {name: batch.column(name) for name in batch.schema.names}
            phrases = column["keyphrases"]
            counts = phrases.value_lengths().to_pylist()
            contents = content_hashes(
                column["text"].to_pylist(),
                phrases.flatten().to_pylist(),
                counts,
                column["created_at"],
                *(column[name].to_pylist() for name in ("image_ref", "lang", "split_hint", "extra")),
            )
            known.judge(id_hashes(column["post_id"].to_pylist()), contents)
        return known

    def __len__(self) -> int:
        return sum(len(ids) for ids, _ in self._runs)

    def judge(self, ids: Hashes, contents: Hashes) -> npt.NDArray[np.int8]:
        """NEW, DUPLICATE or CONFLICT for each; the new ones are known from now on."""
        verdict = np.zeros(len(ids), dtype=np.int8)
        order = np.argsort(ids, kind="stable")
        sorted_ids, sorted_contents = ids[order], contents[order]
        again = np.flatnonzero(sorted_ids[1:] == sorted_ids[:-1]) + 1
        if len(again):
            first = np.searchsorted(sorted_ids, sorted_ids[again])
            verdict[order[again]] = np.where(sorted_contents[again] == sorted_contents[first], DUPLICATE, CONFLICT)
        for known_ids, known_contents in self._runs:
            place = np.minimum(np.searchsorted(known_ids, sorted_ids), len(known_ids) - 1)
            hit = np.flatnonzero(known_ids[place] == sorted_ids)
            same = known_contents[place[hit]] == sorted_contents[hit]
            verdict[order[hit]] = np.where(same, DUPLICATE, CONFLICT)
        new = verdict[order] == NEW
        self._add(sorted_ids[new], sorted_contents[new])
        return verdict

    def _add(self, ids: Hashes, contents: Hashes) -> None:
        while self._runs and len(self._runs[-1][0]) < 2 * len(ids):
            other_ids, other_contents = self._runs.pop()
            place = np.searchsorted(other_ids, ids)
            ids, contents = np.insert(other_ids, place, ids), np.insert(other_contents, place, contents)
        if len(ids):
            self._runs.append((ids, contents))


def id_hashes(ids: Sequence[str]) -> Hashes:
    return np.fromiter(map(hash, ids), np.int64, len(ids))


def content_hashes(
    texts: Sequence[str],
    phrases: Sequence[str],
    phrase_counts: Sequence[int],
    created_at: pa.Array,
    *others: Sequence[Any],
) -> Hashes:
    """A hash of all that a source says of a post; `others` are columns of texts or nulls, in a fixed order."""
    each = iter(phrases)
    of_rows = [tuple(islice(each, count)) for count in phrase_counts]
    times = created_at.cast(pa.int64()).fill_null(-(2**63)).to_numpy().tolist()
    return np.fromiter(map(hash, zip(texts, of_rows, times, *others, strict=True)), np.int64, len(texts))
