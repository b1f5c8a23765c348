from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkp_core.errors import WrongInput
from mmkp_core.overlap.forms import overlap_forms
from mmkp_core.overlap.joins import as_ratio, similar_sets, similar_sets_across
from mmkp_core.overlap.shingles import ShingleSets, shingle_sets

Triples = list[tuple[int, int, Fraction]]

TEXTS = st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=12).map(" ".join), max_size=25)
THRESHOLDS = st.sampled_from([0.01, 0.1, 0.3, 1 / 3, 0.5, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9, 1.0]) | st.floats(0.001, 1)


def members(sets: ShingleSets, number: int) -> set[int]:
    return set(sets.shingles[sets.starts[number] : sets.starts[number + 1]].tolist())


def alike(sets: ShingleSets, left: list[int], right: list[int], threshold: float) -> Triples:
    """Every pair compared, in exact fractions."""
    out = []
    for a in left:
        for b in right:
            mine, theirs = members(sets, a), members(sets, b)
            jaccard = Fraction(len(mine & theirs), len(mine | theirs))
            if jaccard >= Fraction(*as_ratio(threshold)):
                out.append((a, b, jaccard))
    return out


@settings(deadline=None)  # the first call may compile
@given(TEXTS, THRESHOLDS)
def test_the_self_join_finds_what_comparing_all_pairs_finds(texts: list[str], threshold: float) -> None:
    sets = shingle_sets(overlap_forms(texts), "word")
    everyone = list(range(len(sets)))

    found = similar_sets(sets, threshold)

    got = [
        (a, b, Fraction(int(s), int(u)))
        for a, b, s, u in zip(found.left, found.right, found.shared, found.union, strict=True)
    ]
    assert got == [(a, b, score) for a, b, score in alike(sets, everyone, everyone, threshold) if a < b]


@settings(deadline=None)  # the first call may compile
@given(TEXTS, TEXTS, THRESHOLDS)
def test_the_join_of_two_sides_finds_what_comparing_all_pairs_finds(
    left: list[str], right: list[str], threshold: float
) -> None:
    sets = shingle_sets(overlap_forms([*left, *right]), "char3")
    lefts = sorted({int(group) for group in sets.group[: len(left)] if group >= 0})
    rights = sorted({int(group) for group in sets.group[len(left) :] if group >= 0})

    found = similar_sets_across(sets, np.array(lefts, np.int64), np.array(rights, np.int64), threshold)

    got = [
        (a, b, Fraction(int(s), int(u)))
        for a, b, s, u in zip(found.left, found.right, found.shared, found.union, strict=True)
    ]
    assert got == alike(sets, lefts, rights, threshold)


def test_four_of_five_is_at_a_threshold_of_four_fifths() -> None:
    sets = shingle_sets(overlap_forms(["a b c d", "a b c d e"]), "word")

    assert similar_sets(sets, 0.8).jaccard.tolist() == [0.8]
    assert len(similar_sets(sets, 0.8000001)) == 0
    assert as_ratio(0.8) == (4, 5)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.5, float("nan")])
def test_a_threshold_that_is_no_similarity_is_refused(threshold: float) -> None:
    with pytest.raises(WrongInput, match="Jaccard"):
        as_ratio(threshold)


def test_long_sets_that_differ_in_the_last_of_many_words() -> None:
    words = [f"w{number}" for number in range(5000)]
    sets = shingle_sets(overlap_forms([" ".join(words), " ".join([*words[:-1], "other"]), "w1 w2"]), "word")

    found = similar_sets(sets, 0.99)

    assert [(int(s), int(u)) for s, u in zip(found.shared, found.union, strict=True)] == [(4999, 5001)]
