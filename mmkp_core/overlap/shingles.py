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
    raw, raw_starts, frequency = _number(forms.data, forms.starts, words, size)
    rank = np.empty(len(frequency), np.int32)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency), dtype=np.int32)
    _sort_sets(raw, raw_starts, rank)
    group, firsts = _collapse(raw, raw_starts)
    sizes = np.diff(raw_starts)[firsts]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    return ShingleSets(_gather(raw, raw_starts, firsts, starts), starts, group, len(frequency))


@compiled
def _number(
    data: npt.NDArray[np.uint8], starts: Ints, words: bool, size: int
) -> tuple[npt.NDArray[np.int32], Ints, npt.NDArray[np.int32]]:
    """Distinct shingles of each form as numbers in order of first sight, and in how many forms each is."""
    forms = len(starts) - 1
    longest = 0
    for form in range(forms):
        longest = max(longest, starts[form + 1] - starts[form])
    opens = np.empty(longest + 1, np.int64)
    closes = np.empty(longest + 1, np.int64)

    # An open-addressing table, doubled at half full. All that a look-up needs stands in one row, half a cache line:
    # two words of key, number + 1, and the last form it was in << 32 | in how many.
    table = np.zeros((1 << 16, 4), np.uint64)
    spans = np.empty((1 << 15, 2), np.int64)  # where each shingle was first seen
    known = 0

    out = np.empty(max(1, len(data) // 2 if words else len(data)) + forms, np.int32)
    out_starts = np.zeros(forms + 1, np.int64)
    filled = 0
    for form in range(forms):
        begin, end = starts[form], starts[form + 1]
        count = 0
        inside = False
        for at in range(begin, end):
            byte = data[at]
            if words:
                if byte != 32 and not inside:
                    opens[count] = at
                    inside = True
                elif byte == 32 and inside:
                    closes[count] = at
                    count += 1
                    inside = False
            elif byte & 0xC0 != 0x80:  # the first byte of a character
                if count:
                    closes[count - 1] = at
                opens[count] = at
                count += 1
        if words and inside:
            closes[count] = end
            count += 1
        elif not words and count:
            closes[count - 1] = end
        if count == 0:
            out_starts[form + 1] = filled
            continue
        shingles = max(1, count - size + 1)
        for shingle in range(shingles):
            a = opens[shingle]
            b = closes[min(shingle + size, count) - 1]
            low, high = _key(data, a, b)
            slot = _slot(low, high, len(table))
            while table[slot, 2]:
                if table[slot, 0] == low and table[slot, 1] == high:
                    number = int(table[slot, 2]) - 1
                    if b - a <= 15 or _same(data, a, b, spans[number, 0], spans[number, 1]):
                        break
                slot = (slot + 1) & (len(table) - 1)
            if table[slot, 2] == 0:
                if known == len(spans):
                    spans = np.concatenate((spans, np.empty_like(spans)))
                spans[known, 0], spans[known, 1] = a, b
                known += 1
                table[slot, 0], table[slot, 1], table[slot, 2] = low, high, known
                table[slot, 3] = np.uint64(0xFFFFFFFF) << np.uint64(32)
            if table[slot, 3] >> np.uint64(32) != form:
                table[slot, 3] = np.uint64(form) << np.uint64(32) | (
                    table[slot, 3] & np.uint64(0xFFFFFFFF)
                ) + np.uint64(1)
                out[filled] = np.int64(table[slot, 2]) - 1
                filled += 1
            if 2 * known > len(table):
                table = _larger(table)
        out_starts[form + 1] = filled
    frequency = np.empty(known, np.int32)
    for slot in range(len(table)):
        if table[slot, 2]:
            frequency[np.int64(table[slot, 2]) - 1] = table[slot, 3] & np.uint64(0xFFFFFFFF)
    return out[:filled].copy(), out_starts, frequency


@compiled
def _key(data: npt.NDArray[np.uint8], begin: int, end: int) -> tuple[np.uint64, np.uint64]:
    """Up to 15 bytes are their own key, and equal keys are equal shingles; more are hashed, with the top bit set."""
    low = np.uint64(0)
    high = np.uint64(0)
    if end - begin <= 15:
        for at in range(begin, min(begin + 8, end)):
            low = low << np.uint64(8) | np.uint64(data[at])
        for at in range(begin + 8, end):
            high = high << np.uint64(8) | np.uint64(data[at])
        return low, high
    for at in range(begin, end):
        low = (low ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
        low ^= low >> np.uint64(29)
    return low, np.uint64(1) << np.uint64(63)


@compiled
def _slot(low: np.uint64, high: np.uint64, capacity: int) -> int:
    mixed = (low ^ high * np.uint64(0xC2B2AE3D27D4EB4F)) * np.uint64(0x9E3779B97F4A7C15)
    return int(mixed >> np.uint64(20)) & (capacity - 1)


@compiled
def _same(data: npt.NDArray[np.uint8], begin: int, end: int, other: int, other_end: int) -> bool:
    step = 0
    while begin + step < end and other + step < other_end and data[begin + step] == data[other + step]:
        step += 1
    return begin + step == end and other + step == other_end


@compiled
def _larger(table: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    out = np.zeros((2 * len(table), 4), np.uint64)
    for row in table:
        if row[2]:
            slot = _slot(row[0], row[1], len(out))
            while out[slot, 2]:
                slot = (slot + 1) & (len(out) - 1)
            out[slot] = row
    return out


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
