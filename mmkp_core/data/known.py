"""Remembers the ids of posts with a hash of their content, to find duplicates and conflicts.

Sixteen bytes a post: the hashes lie in sorted arrays, not in a set of texts. Two posts of one id and one
content are duplicates; one id with two contents is a conflict.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

NEW, DUPLICATE, CONFLICT = 0, 1, 2

FILTER = 1 << 24

Hashes = npt.NDArray[np.int64]


class KnownIds:
    """Ids seen so far. The hashes hold for one version of the engine: nothing of this is stored."""

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Hashes]] = []
        """Sorted ids and their contents, the longest run first."""
        self._perhaps = np.zeros(FILTER, dtype=bool)
        """Whether any id of these last bits was seen; if not, the runs need not be searched."""

    @classmethod
    def from_posts(cls, batches: Iterable[pa.RecordBatch]) -> "KnownIds":
        """What a data set holds already: rows of POSTS."""
        known, hasher = cls(), RowHasher()
        for batch in batches:
            hashes = hasher(batch)
            known.judge(hashes.ids, hashes.contents)
        return known

    def __len__(self) -> int:
        return sum(len(ids) for ids, _ in self._runs)

    def judge(self, ids: Hashes, contents: Hashes) -> npt.NDArray[np.int8]:
        """NEW, DUPLICATE or CONFLICT for each; the new ones are known from now on."""
        verdict = np.zeros(len(ids), dtype=np.int8)
        order = np.argsort(ids)
        sorted_ids = ids[order]
        again = np.flatnonzero(sorted_ids[1:] == sorted_ids[:-1]) + 1
        if len(again):  # only then is the order among equals worth the slower sort
            order = np.argsort(ids, kind="stable")
        sorted_contents = contents[order]
        if len(again):
            first = np.searchsorted(sorted_ids, sorted_ids[again])
            verdict[order[again]] = np.where(sorted_contents[again] == sorted_contents[first], DUPLICATE, CONFLICT)
        bits = sorted_ids & (FILTER - 1)
        maybe = np.flatnonzero(self._perhaps[bits])
        self._perhaps[bits] = True
        for known_ids, known_contents in self._runs:
            place = np.minimum(np.searchsorted(known_ids, sorted_ids[maybe]), len(known_ids) - 1)
            found = known_ids[place] == sorted_ids[maybe]
            hit, place = maybe[found], place[found]
            verdict[order[hit]] = np.where(known_contents[place] == sorted_contents[hit], DUPLICATE, CONFLICT)
        new = verdict[order] == NEW
        self._add(sorted_ids[new], sorted_contents[new])
        return verdict

    def _add(self, ids: Hashes, contents: Hashes) -> None:
        """Runs of like length are made one, so that there are few; sorting anew is faster than merging."""
        while self._runs and len(self._runs[-1][0]) <= len(ids):
            other_ids, other_contents = self._runs.pop()
            ids, contents = np.concatenate((other_ids, ids)), np.concatenate((other_contents, contents))
            order = np.argsort(ids)
            ids, contents = ids[order], contents[order]
        if len(ids):
            self._runs.append((ids, contents))


@dataclass(frozen=True, slots=True)
class RowHashes:
    """Hashes of the id and of the content of each row."""

    ids: Hashes
    contents: Hashes
    ref_keys: pa.Array
    """The keys of images whose bytes are not at hand, as `post.image_key_of_ref` makes them."""


class RowHasher:
    """Hashes whole columns at a time, by DuckDB."""

    def __init__(self) -> None:
        self._engine = duckdb.connect(config={"threads": 1})

    def __call__(self, posts: pa.RecordBatch) -> RowHashes:
        """Of rows with the columns of POSTS that come from the source."""
        self._engine.register("posts", posts)
        hashes = self._engine.sql(_HASHES).to_arrow_table()
        self._engine.unregister("posts")
        ids, contents = (hashes.column(i).to_numpy().view(np.int64) for i in (0, 1))
        return RowHashes(ids, contents, hashes.column(2).combine_chunks())


_HASHES = """
    select
        hash(post_id),
        hash(text, keyphrases, image_ref, created_at, lang, split_hint, extra),
        'ref-' || sha256(image_ref)
    from posts
"""
