"""Numbers the distinct shingles of many forms in one compiled pass, with a table of its own."""

import numpy as np
import numpy.typing as npt

from mmkp_core.overlap.compiled import compiled

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]


@compiled
def number_shingles(data: Bytes, starts: Ints, words: bool, size: int) -> tuple[Numbers, Ints, Numbers]:
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
    for form in range(forms):
        begin, end = starts[form], starts[form + 1]
        count = _words(data, begin, end, opens, closes) if words else _characters(data, begin, end, opens, closes)
        shingles = max(1, count - size + 1) if count else 0
        for shingle in range(shingles):
            closes[shingle] = closes[min(shingle + size, count) - 1]
        while 2 * (known + shingles) > len(table):
            table = _larger(table)
        while known + shingles > len(spans):
            spans = np.concatenate((spans, np.empty_like(spans)))
        filled = out[out_starts[form] :]
        known, distinct = _number(form, data, opens[:shingles], closes[:shingles], table, spans, known, filled)
        out_starts[form + 1] = out_starts[form] + distinct
    return out[: out_starts[-1]].copy(), out_starts, _frequencies(table, known)


@compiled
def _number(
    form: int, data: Bytes, opens: Ints, closes: Ints, table: Words, spans: Ints, known: int, out: Numbers
) -> tuple[int, int]:
    """Look up or enter the shingles of one form; how many are known then, and how many distinct ones it has.

    The table has room for all of them. One call a form and none a shingle: with those this takes twice as long.
    """
    distinct = 0
    for shingle in range(len(opens)):
        begin, end = opens[shingle], closes[shingle]
        low, high = _key(data, begin, end)
        slot = _slot(low, high, len(table))
        while table[slot, 2]:
            if table[slot, 0] == low and table[slot, 1] == high:
                number = int(table[slot, 2]) - 1
                if end - begin <= 15 or _same(data, begin, end, spans[number, 0], spans[number, 1]):
                    break
            slot = (slot + 1) & (len(table) - 1)
        if table[slot, 2] == 0:
            spans[known, 0], spans[known, 1] = begin, end
            known += 1
            table[slot, 0], table[slot, 1], table[slot, 2] = low, high, known
            table[slot, 3] = np.uint64(0xFFFFFFFF) << np.uint64(32)
        if table[slot, 3] >> np.uint64(32) != form:
            times = (table[slot, 3] & np.uint64(0xFFFFFFFF)) + np.uint64(1)
            table[slot, 3] = np.uint64(form) << np.uint64(32) | times
            out[distinct] = np.int64(table[slot, 2]) - 1
            distinct += 1
    return known, distinct


@compiled
def _words(data: Bytes, begin: int, end: int, opens: Ints, closes: Ints) -> int:
    """Where each word opens and closes; how many there are."""
    count = 0
    inside = False
    for at in range(begin, end):
        if data[at] != 32 and not inside:
            opens[count] = at
            inside = True
        elif data[at] == 32 and inside:
            closes[count] = at
            count += 1
            inside = False
    if inside:
        closes[count] = end
        count += 1
    return count


@compiled
def _characters(data: Bytes, begin: int, end: int, opens: Ints, closes: Ints) -> int:
    """Where each character opens and closes; how many there are."""
    count = 0
    for at in range(begin, end):
        if data[at] & 0xC0 != 0x80:  # the first byte of a character
            if count:
                closes[count - 1] = at
            opens[count] = at
            count += 1
    if count:
        closes[count - 1] = end
    return count


@compiled
def _frequencies(table: Words, known: int) -> Numbers:
    """In how many forms each shingle is, by its number."""
    frequency = np.empty(known, np.int32)
    for row in table:
        if row[2]:
            frequency[np.int64(row[2]) - 1] = row[3] & np.uint64(0xFFFFFFFF)
    return frequency


@compiled
def _key(data: Bytes, begin: int, end: int) -> tuple[np.uint64, np.uint64]:
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
def _same(data: Bytes, begin: int, end: int, other: int, other_end: int) -> bool:
    step = 0
    while begin + step < end and other + step < other_end and data[begin + step] == data[other + step]:
        step += 1
    return begin + step == end and other + step == other_end


@compiled
def _larger(table: Words) -> Words:
    out = np.zeros((2 * len(table), 4), np.uint64)
    for row in table:
        if row[2]:
            slot = _slot(row[0], row[1], len(out))
            while out[slot, 2]:
                slot = (slot + 1) & (len(out) - 1)
            out[slot] = row
    return out
