"""Finds every pair of sets whose Jaccard similarity reaches a threshold.

A prefix join: two sets at or above the Jaccard threshold share one of their rarest few shingles, so only those who
share such a one are compared, first by size, by the place of the shingle and by sketches of parities; what these leave
is counted out. Thresholds are compared as whole numbers, so 4 of 5 is at 0.8. Held against brute force by a test.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from mmkp_core.errors import WrongInput
from mmkp_core.overlap.compiled import compiled
from mmkp_core.overlap.hash_joins import Hashes, bits_of
from mmkp_core.overlap.shingles import ShingleSets

Ints = npt.NDArray[np.int64]
Shingles = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SetPairs:
    """Pairs of set numbers with the size of intersection and union."""

    left: Ints
    right: Ints
    shared: Ints
    union: Ints

    def __len__(self) -> int:
        return len(self.left)

    @property
    def jaccard(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.shared / self.union, dtype=np.float64)


def similar_sets(sets: ShingleSets, threshold: float) -> SetPairs:
    """Every pair of different sets whose Jaccard similarity is at or above `threshold`, left < right."""
    by_size = _by_size(sets, np.arange(len(sets), dtype=np.int64))
    pairs = _pairs(sets, by_size, by_size, threshold, within=True)
    low, high = np.minimum(pairs.left, pairs.right), np.maximum(pairs.left, pairs.right)
    return _ordered(SetPairs(low, high, pairs.shared, pairs.union))


def similar_sets_across(sets: ShingleSets, left: Ints, right: Ints, threshold: float) -> SetPairs:
    """Every pair of a set of `left` and a set of `right` at or above `threshold`; a set in both meets itself."""
    left, right = _by_size(sets, left), _by_size(sets, right)
    if len(left) < len(right):  # the lists of the smaller side stay in the processor's cache
        swapped = _pairs(sets, right, left, threshold, within=False)
        return _ordered(SetPairs(swapped.right, swapped.left, swapped.shared, swapped.union))
    return _ordered(_pairs(sets, left, right, threshold, within=False))


def as_ratio(threshold: float) -> tuple[int, int]:
    """The threshold as it was written, as whole numbers: 0.8 is 4 to 5, not the float a little above it."""
    if not 0 < threshold <= 1:
        raise WrongInput(f"threshold: {threshold} is not a Jaccard similarity; give a number above 0 and up to 1")
    ratio = Fraction(repr(float(threshold))).limit_denominator(10**9)  # so that products fit 64 bits
    if not ratio:
        raise WrongInput(f"threshold: {threshold} is below what can be told apart; give 1e-9 or more")
    return ratio.numerator, ratio.denominator


def _by_size(sets: ShingleSets, members: Ints) -> Ints:
    sizes = np.diff(sets.starts)[members]
    return members[np.argsort(sizes, kind="stable")]


def _pairs(sets: ShingleSets, probes: Ints, indexed: Ints, threshold: float, within: bool) -> SetPairs:
    over, under = as_ratio(threshold)
    found = _join(sets.shingles, sets.starts, probes, indexed, over, under, sets.vocabulary, within)
    left, right, shared = found.T
    sizes = np.diff(sets.starts)
    return SetPairs(left, right, shared, sizes[left] + sizes[right] - shared)


def _ordered(pairs: SetPairs) -> SetPairs:
    order = np.lexsort((pairs.right, pairs.left))
    return SetPairs(pairs.left[order], pairs.right[order], pairs.shared[order], pairs.union[order])


@compiled
def _join(
    shingles: Shingles, starts: Ints, probes: Ints, indexed: Ints, over: int, under: int, vocabulary: int, within: bool
) -> Ints:
    """Rows (probe, indexed, shared) of the pairs that share enough. Both sides ascend by size.

    Shingle by shingle: the sketches of one list lie side by side while all that have the shingle are held against them.
    """
    sketches = _sketches(shingles, starts)
    rows = _rows(starts, sketches, indexed)
    probe_rows = rows if within else _rows(starts, sketches, probes)
    ends, entries = _lists(shingles, starts, indexed, over, under, np.arange(vocabulary + 1), within)
    probe_ends, probe_entries = _lists(shingles, starts, probes, over, under, ends, False)
    longest = np.diff(ends).max() if vocabulary else 0
    positions = np.empty(longest, np.int64)
    sizes = np.empty(longest, np.int64)
    low_sketches = np.empty(longest, np.uint64)
    high_sketches = np.empty(longest, np.uint64)
    near = np.empty(longest, np.int64)
    largest = max(_largest(starts, probes), _largest(starts, indexed))
    least, most, loosest, needed = _bounds(largest, over, under)
    found = np.empty((1024, 3), np.int64)
    count = 0
    for shingle in range(vocabulary):
        base, length = ends[shingle], ends[shingle + 1] - ends[shingle]
        if length == 0 or probe_ends[shingle] == probe_ends[shingle + 1]:
            continue
        _lay_out(entries, base, length, rows, positions, sizes, low_sketches, high_sketches)
        head = tail = 0
        for entry in probe_entries[probe_ends[shingle] : probe_ends[shingle + 1]]:
            position, place = entry >> 32, entry & 0xFFFFFFFF
            begin, size = probe_rows[position, 0], probe_rows[position, 1]
            low, high = np.uint64(probe_rows[position, 2]), np.uint64(probe_rows[position, 3])
            while head < length and sizes[head] < least[size]:
                head += 1
            while tail < length and sizes[tail] <= most[size] and not (within and positions[tail] >= position):
                tail += 1
            # With `place` shingles gone by, what is left must still reach what a partner of that size needs.
            end_at = head + np.searchsorted(sizes[head:tail], (size - place) * (over + under) // over - size, "right")
            bound = loosest[size]
            hits = 0
            for at in range(head, end_at):  # without a branch, as one that is taken now and then costs 2.4 of 4.1 s
                near[hits] = at
                hits += bits_of(low ^ low_sketches[at]) + bits_of(high ^ high_sketches[at]) <= bound
            for at in near[:hits]:
                need = needed[size + sizes[at]]
                other_place = entries[base + at] & 0xFFFFFFFF
                if min(size - place, sizes[at] - other_place) < need:
                    continue
                record, other = probes[position], indexed[positions[at]]
                if _differing(sketches, record, other) > size + sizes[at] - 2 * need:
                    continue
                same = _shared(shingles, begin, begin + size, starts[other], starts[other + 1], need, shingle)
                if same:
                    if count == len(found):
                        found = np.concatenate((found, np.empty_like(found)))
                    found[count, 0], found[count, 1], found[count, 2] = record, other, same
                    count += 1
    return found[:count].copy()


@compiled
def _largest(starts: Ints, members: Ints) -> int:
    """The last member's size, as members ascend by size; 0 of none."""
    return int(starts[members[-1] + 1] - starts[members[-1]]) if len(members) else 0


@compiled
def _lay_out(
    entries: Ints,
    base: int,
    length: int,
    rows: Ints,
    positions: Ints,
    sizes: Ints,
    low_sketches: Hashes,
    high_sketches: Hashes,
) -> None:
    """What the loops read of one shingle's list, side by side."""
    for at in range(length):
        positions[at] = entries[base + at] >> 32
        row = rows[positions[at]]
        sizes[at], low_sketches[at], high_sketches[at] = row[1], np.uint64(row[2]), np.uint64(row[3])


@compiled
def _differing(sketches: Hashes, one: int, other: int) -> int:
    """In how many of all 256 parities two sets differ."""
    differing = 0
    for word in range(4):
        differing += bits_of(sketches[one, word] ^ sketches[other, word])
    return differing


@compiled
def _rows(starts: Ints, sketches: Hashes, members: Ints) -> Ints:
    """Where each set begins, its size, its sketch folded to 128 bits: half a cache line that is fetched at once."""
    rows = np.empty((len(members), 4), np.int64)
    for position in range(len(members)):
        record = members[position]
        rows[position, 0] = starts[record]
        rows[position, 1] = starts[record + 1] - starts[record]
        rows[position, 2] = np.int64(sketches[record, 0] ^ sketches[record, 2])
        rows[position, 3] = np.int64(sketches[record, 1] ^ sketches[record, 3])
    return rows


@compiled
def _shared(shingles: Shingles, left: int, left_end: int, right: int, right_end: int, need: int, rarest: int) -> int:
    """How many shingles two sets share, if `need` or more and the first is `rarest`: each pair counts at one only."""
    same = 0
    while left < left_end and right < right_end and same + min(left_end - left, right_end - right) >= need:
        mine, theirs = shingles[left], shingles[right]
        if mine == theirs and same == 0 and mine != rarest:
            return 0
        same += mine == theirs
        left += mine <= theirs
        right += theirs <= mine
    return same if same >= need else 0


@compiled
def _lists(
    shingles: Shingles, starts: Ints, members: Ints, over: int, under: int, wanted: Ints, within: bool
) -> tuple[Ints, Ints]:
    """Who has each shingle in its prefix: position in `members` << 32 | the shingle's place, in ascending order.

    Only of shingles whose list in `wanted` (where each list begins, and the last ends) is not empty.
    """
    ends = np.zeros(len(wanted) + 1, np.int64)
    for record in members:
        prefix = _prefix(starts[record + 1] - starts[record], over, under, within)
        for shingle in shingles[starts[record] : starts[record] + prefix]:
            ends[shingle + 2] += wanted[shingle + 1] > wanted[shingle]
    ends = np.cumsum(ends)
    entries = np.empty(ends[-1], np.int64)
    for position in range(len(members)):
        record = members[position]
        for place in range(_prefix(starts[record + 1] - starts[record], over, under, within)):
            shingle = shingles[starts[record] + place]
            if wanted[shingle + 1] > wanted[shingle]:
                entries[ends[shingle + 1]] = position << 32 | place
                ends[shingle + 1] += 1
    return ends[:-1], entries


@compiled
def _sketches(shingles: Shingles, starts: Ints) -> Hashes:
    """256 parities of each set: the bits in which two differ are at most the shingles that only one has.

    64 parities let through 11 % of the sets of 100 that share little more than one rare shingle, and comparing 1M posts
    by char3 at 0.8 took 109 CPU-s; folded to 128 it took 25.
    """
    out = np.zeros((len(starts) - 1, 4), np.uint64)
    for record in range(len(out)):
        for at in range(starts[record], starts[record + 1]):
            mixed = np.uint64(shingles[at]) * np.uint64(0x9E3779B97F4A7C15)
            out[record, mixed >> np.uint64(62)] ^= np.uint64(1) << (mixed >> np.uint64(56) & np.uint64(63))
    return out


@compiled
def _prefix(size: int, over: int, under: int, within: bool) -> int:
    """How many of its rarest shingles a set must be found by, as the indexed side of a pair.

    It shares `over * size / under` with any partner. Within one collection the partner is never smaller,
    so it shares `2 * over * size / (over + under)`, and fewer shingles do.
    """
    if within:
        return size + (-2 * over * size) // (over + under) + 1
    return size + (-over * size) // under + 1


@compiled
def _bounds(largest: int, over: int, under: int) -> tuple[Ints, Ints, Ints, Ints]:
    """By size of a set: its smallest and largest partner, how many shingles one of the two may have alone at most; and
    by the sum of two sizes, how many must be shared. As tables, since one division costs more than the rest of a step.
    """
    least = np.empty(largest + 1, np.int64)
    most = np.empty(largest + 1, np.int64)
    loosest = np.empty(largest + 1, np.int64)
    for size in range(largest + 1):
        least[size] = -((-over * size) // under)
        most[size] = min(largest, (under * size) // over)
        loosest[size] = (under - over) * (size + most[size]) // (over + under)
    needed = np.empty(2 * largest + 1, np.int64)
    for both in range(2 * largest + 1):
        needed[both] = -((-over * both) // (over + under))
    return least, most, loosest, needed
