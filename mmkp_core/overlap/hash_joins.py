"""Finds every pair of 64-bit hashes that differ in few bits.

Two hashes that differ in at most d bits are equal in one of d + 1 bands of bits, so only those are compared. Held
against brute force by a test.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmkp_core.errors import WrongInput
from mmkp_core.overlap.compiled import compiled

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Colours = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class HashPairs:
    """Pairs of positions with the number of bits in which their hashes differ."""

    left: Ints
    right: Ints
    bits: Ints

    def __len__(self) -> int:
        return len(self.left)


def near_hashes(hashes: Hashes, colours: Colours, distance: int, steps: int) -> HashPairs:
    """Every pair of hashes that differ in at most `distance` bits, and in no colour by more than `steps`.

    `colours` has a row for each hash, of any width; without columns the bits alone decide.
    """
    return _near(hashes, colours, hashes, colours, distance, steps, within=True)


def near_hashes_across(
    left: Hashes, left_colours: Colours, right: Hashes, right_colours: Colours, distance: int, steps: int
) -> HashPairs:
    """The same, of one hash of `left` and one of `right`."""
    return _near(left, left_colours, right, right_colours, distance, steps, within=False)


@compiled
def bits_of(word: np.uint64) -> int:
    """Population count, in the form that LLVM turns into the processor's instruction."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


def _near(
    left: Hashes,
    left_colours: Colours,
    right: Hashes,
    right_colours: Colours,
    distance: int,
    steps: int,
    within: bool,
) -> HashPairs:
    if not 0 <= distance < 64:
        raise WrongInput(f"image distance: {distance} is not a number of differing bits; give 0 to 63")
    bands = distance + 1 if distance < 16 else 1  # bands of under 4 bits tell nothing apart: compare all
    edges = [64 * band // bands for band in range(bands + 1)]
    masks = np.array(
        [((1 << b) - 1) ^ ((1 << a) - 1) if bands > 1 else 0 for a, b in itertools.pairwise(edges)],
        np.uint64,
    )
    found = []
    for band in range(bands):
        keys = right & masks[band]
        order = np.argsort(keys, kind="stable")
        found.append(
            _band(
                left,
                left_colours,
                right[order],
                right_colours[order],
                order,
                keys[order],
                masks[: band + 1],
                distance,
                steps,
                within,
            )
        )
    rows = np.concatenate(found)
    left_at, right_at, bits = rows[np.lexsort((rows[:, 1], rows[:, 0]))].T
    return HashPairs(left_at, right_at, bits)


@compiled
def _band(
    left: Hashes,
    left_colours: Colours,
    right: Hashes,
    right_colours: Colours,
    order: Ints,
    keys: Hashes,
    bands: Hashes,
    distance: int,
    steps: int,
    within: bool,
) -> Ints:
    """Rows (left, right, bits) of pairs equal in the last of `bands` and in none before it: each is found once."""
    band = bands[-1]
    found = np.empty((1024, 3), np.int64)
    count = 0
    for mine in range(len(left)):
        key = left[mine] & band
        for at in range(np.searchsorted(keys, key), len(keys)):
            if keys[at] != key:
                break
            differing = left[mine] ^ right[at]
            bits = bits_of(differing)
            if bits > distance or (within and order[at] <= mine):
                continue
            alike = True
            for before in bands[:-1]:
                if differing & before == 0:
                    alike = False
                    break
            for cell in range(left_colours.shape[1]):
                if abs(np.int64(left_colours[mine, cell]) - np.int64(right_colours[at, cell])) > steps:
                    alike = False
                    break
            if alike:
                if count == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                found[count, 0], found[count, 1], found[count, 2] = mine, order[at], bits
                count += 1
    return found[:count].copy()
