"""What are the pieces of a text that near-duplicates share?

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

    Copies are kept once: a campaign of 100,000 equal posts is one set here, and five billion pairs are
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

    capacity = 1 << 16  # of the open-addressing table, doubled at half full: key and number + 1 side by side
    table = np.zeros((capacity, 2), np.uint64)
    kept = 1 << 15
    spans = np.empty((kept, 2), np.int64)  # where each shingle was first seen
    counts = np.full((kept, 2), -1, np.int32)  # the last form it was in, and in how many
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
            key = _key(data, a, b)
            slot = np.int64(key * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)) & (capacity - 1)
            number = -1
            while table[slot, 1]:
                if table[slot, 0] == key:
                    number = int(table[slot, 1]) - 1
                    if b - a <= 7 or _same(data, a, b, spans[number, 0], spans[number, 1]):
                        break
                    number = -1
                slot = (slot + 1) & (capacity - 1)
            if number < 0:
                number = known
                known += 1
                if known > kept:
                    spans = np.concatenate((spans, np.empty((kept, 2), np.int64)))
                    counts = np.concatenate((counts, np.full((kept, 2), -1, np.int32)))
                    kept *= 2
                table[slot, 0], table[slot, 1] = key, known
                spans[number, 0], spans[number, 1] = a, b
                counts[number, 1] = 0
                if 2 * known > capacity:
                    capacity *= 2
                    table = _larger(table, capacity)
            if counts[number, 0] != form:
                counts[number, 0] = form
                counts[number, 1] += 1
                out[filled] = number
                filled += 1
        out_starts[form + 1] = filled
    return out[:filled].copy(), out_starts, counts[:known, 1].copy()


@compiled
def _key(data: npt.NDArray[np.uint8], begin: int, end: int) -> np.uint64:
    """Up to seven bytes are their own key, and equal keys are equal shingles; more are hashed, with the top bit set."""
    key = np.uint64(0)
    if end - begin <= 7:
        for at in range(begin, end):
            key = key << np.uint64(8) | np.uint64(data[at])
        return key
    for at in range(begin, end):
        key = (key ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
        key ^= key >> np.uint64(29)
    return key | np.uint64(1) << np.uint64(63)


@compiled
def _same(data: npt.NDArray[np.uint8], begin: int, end: int, other: int, other_end: int) -> bool:
    step = 0
    while begin + step < end and other + step < other_end and data[begin + step] == data[other + step]:
        step += 1
    return begin + step == end and other + step == other_end


@compiled
def _larger(table: npt.NDArray[np.uint64], capacity: int) -> npt.NDArray[np.uint64]:
    out = np.zeros((capacity, 2), np.uint64)
    for old in range(len(table)):
        if table[old, 1]:
            slot = np.int64(table[old, 0] * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)) & (capacity - 1)
            while out[slot, 1]:
                slot = (slot + 1) & (capacity - 1)
            out[slot, 0], out[slot, 1] = table[old, 0], table[old, 1]
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
