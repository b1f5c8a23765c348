import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkp_core.errors import WrongInput
from mmkp_core.overlap.hash_joins import near_hashes, near_hashes_across

HASHES = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 255), max_size=30)


@settings(deadline=None)  # the first call may compile
@given(HASHES, HASHES, st.integers(0, 20))
def test_the_hash_joins_find_what_comparing_all_pairs_finds(left: list[int], right: list[int], distance: int) -> None:
    one, two = np.array(left, np.uint64), np.array(right, np.uint64)
    plain = [np.zeros((len(side), 0), np.uint8) for side in (left, right)]

    across = near_hashes_across(one, plain[0], two, plain[1], distance, 0)
    within = near_hashes(one, plain[0], distance, 0)

    bits = {(a, b): (x ^ y).bit_count() for a, x in enumerate(left) for b, y in enumerate(right)}
    assert list(zip(across.left, across.right, across.bits, strict=True)) == [
        (a, b, count) for (a, b), count in bits.items() if count <= distance
    ]
    assert list(zip(within.left, within.right, strict=True)) == [
        (a, b) for a in range(len(left)) for b in range(a + 1, len(left)) if (left[a] ^ left[b]).bit_count() <= distance
    ]


def test_equal_hashes_of_other_colours_are_not_near() -> None:
    colours = np.array([[10, 10], [18, 10], [19, 10]], np.uint8)

    found = near_hashes(np.array([5, 5, 5], np.uint64), colours, 0, 8)

    assert list(zip(found.left, found.right, strict=True)) == [(0, 1), (1, 2)]


def test_a_distance_that_is_no_number_of_bits_is_refused() -> None:
    with pytest.raises(WrongInput, match="0 to 63"):
        near_hashes(np.zeros(1, np.uint64), np.zeros((1, 0), np.uint8), 64, 0)
