"""Cuts texts into shingles, the pieces that near-duplicates share, and numbers them.

The form of a text is one row of UTF-8 bytes; every unit is a span of it: a word, three words in a row,
three or five characters in a row. A form shorter than one shingle is its own only shingle, an empty form
has none. Shingles are numbered by comparing their bytes, so two numbers are equal exactly when the
shingles are; the rarest shingle has the smallest number, which is what makes a prefix join fast.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmkp_core.overlap.compiled import compiled
from mmkp_core.overlap.forms import Forms
from mmkp_core.overlap.shingle_numbers import number_shingles
from mmkp_core.overlap.spec import Unit

Ints = npt.NDArray[np.int64]

_IS_WORDS: dict[Unit, tuple[bool, int]] = {
    "word": (True, 1),
    "word3": (True, 3),
    "char3": (False, 3),
    "char5": (False, 5),
}


@dataclass(frozen=True, slots=True)
class ShingleSets:
    """The distinct shingle sets of many texts, and which text has which.

    Equal sets are kept once: a campaign of 100,000 equal posts is one set here, and five billion pairs are
    never written down.
    """

    shingles: npt.NDArray[np.int32]
    """The sets one after another, each ascending: rarest first."""
    starts: Ints
    """Set `s` is `shingles[starts[s]:starts[s + 1]]`."""
    group: Ints
    """Number of each text's set; -1 where its form is empty."""
    vocabulary: int
    """How many distinct shingles there are."""

    def __len__(self) -> int:
        return len(self.starts) - 1


def shingle_sets(forms: Forms, unit: Unit) -> ShingleSets:
    words, size = _IS_WORDS[unit]
    raw, raw_starts, frequency = number_shingles(forms.data, forms.starts, words, size)
    rank = np.empty(len(frequency), np.int32)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency), dtype=np.int32)
    _sort_sets(raw, raw_starts, rank)
    group, firsts = _collapse(raw, raw_starts)
    sizes = np.diff(raw_starts)[firsts]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    return ShingleSets(_gather(raw, raw_starts, firsts, starts), starts, group, len(frequency))


@compiled
def _sort_sets(shingles: npt.NDArray[np.int32], starts: Ints, rank: npt.NDArray[np.int32]) -> None:
    for record in range(len(starts) - 1):
        begin, end = starts[record], starts[record + 1]
        for at in range(begin, end):
            shingles[at] = rank[shingles[at]]
        if end - begin > 24:
            shingles[begin:end].sort()
            continue
        for at in range(begin + 1, end):
            value = shingles[at]
            back = at - 1
            while back >= begin and shingles[back] > value:
                shingles[back + 1] = shingles[back]
                back -= 1
            shingles[back + 1] = value


@compiled
def _collapse(shingles: npt.NDArray[np.int32], starts: Ints) -> tuple[Ints, Ints]:
    """Number of each record's set, and the first record that has it."""
    records = len(starts) - 1
    capacity = 16
    while capacity < 2 * records:
        capacity *= 2
    slots = np.full(capacity, -1, np.int64)
    group = np.full(records, -1, np.int64)
    firsts = np.empty(records, np.int64)
    groups = 0
    for record in range(records):
        begin = starts[record]
        size = starts[record + 1] - begin
        if size == 0:
            continue
        code = np.uint64(size)
        for at in range(begin, begin + size):
            code = (code ^ np.uint64(shingles[at])) * np.uint64(0x9E3779B97F4A7C15)
            code ^= code >> np.uint64(29)
        slot = np.int64(code & np.uint64(capacity - 1))
        while slots[slot] >= 0:
            first = starts[firsts[slots[slot]]]
            if starts[firsts[slots[slot]] + 1] - first == size:
                same = True
                for step in range(size):
                    if shingles[first + step] != shingles[begin + step]:
                        same = False
                        break
                if same:
                    break
            slot = (slot + 1) & (capacity - 1)
        if slots[slot] < 0:
            slots[slot] = groups
            firsts[groups] = record
            groups += 1
        group[record] = slots[slot]
    return group, firsts[:groups].copy()


@compiled
def _gather(shingles: npt.NDArray[np.int32], starts: Ints, records: Ints, out_starts: Ints) -> npt.NDArray[np.int32]:
    out = np.empty(out_starts[-1], np.int32)
    for index in range(len(records)):
        begin = starts[records[index]]
        for step in range(out_starts[index + 1] - out_starts[index]):
            out[out_starts[index] + step] = shingles[begin + step]
    return out
