import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkp_core.overlap.similarity import Similarity, equal_keys

# Groups 0 to 3; 0 is near 1, and 1 is near 2.
GROUPS = st.lists(st.integers(-1, 3), min_size=1, max_size=12)


def similarity(group: list[int]) -> Similarity:
    return Similarity(np.array(group, np.int64), np.array([0, 1]), np.array([1, 2]), np.array([0.5, 0.6]), equal=1.0)


def score(one: int, other: int) -> float | None:
    if one < 0 or other < 0:
        return None
    return 1.0 if one == other else {(0, 1): 0.5, (1, 2): 0.6}.get((min(one, other), max(one, other)))


@settings(deadline=None)
@given(GROUPS, st.data())
def test_pairs_of_groups_expand_to_all_pairs_of_their_members(group: list[int], data: st.DataObject) -> None:
    side = np.array(data.draw(st.lists(st.booleans(), min_size=len(group), max_size=len(group))))
    group[0] = 3  # so that every group that the pairs name exists
    alike = similarity(group)
    expected = {
        (a, b): found
        for a in range(len(group))
        for b in range(len(group))
        if a != b and (found := score(group[a], group[b])) is not None
    }

    crossing = alike.crossing(~side, side)
    within = alike.within()

    across = {pair: found for pair, found in expected.items() if not side[pair[0]] and side[pair[1]]}
    assert dict(zip(zip(crossing.left, crossing.right, strict=True), crossing.score, strict=True)) == across
    assert len(crossing) == len(across) == alike.count_crossing(~side, side)
    assert list(zip(within.left, within.right, strict=True)) == sorted(pair for pair in expected if pair[0] < pair[1])
    assert np.flatnonzero(alike.touched(~side, side)).tolist() == sorted({b for _, b in across})


def test_a_bound_lists_the_first_of_equal_partners_and_counts_all() -> None:
    alike = equal_keys(["same"] * 5 + [None, "other"])
    right = np.array([False, False, False, True, True, True, True])

    assert alike.crossing(~right, right, most=2).left.tolist() == [0, 0, 1, 1]
    assert alike.count_crossing(~right, right) == 6


def test_no_records_at_all() -> None:
    nothing = np.zeros(0, bool)

    assert len(equal_keys([]).within()) == 0
    assert len(equal_keys([]).crossing(nothing, nothing)) == 0
