"""The joins on published posts, against comparing all pairs and against counts made with other code."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse import csr_matrix

from mmkp_core.overlap.duplicates import identical_texts, near_texts
from mmkp_core.overlap.forms import overlap_forms
from mmkp_core.overlap.shingles import ShingleSets, shingle_sets
from mmkp_core.overlap.similarity import Similarity
from mmkp_core.overlap.spec import Unit

UNITS: tuple[Unit, ...] = ("word", "word3", "char3", "char5")


@pytest.fixture(scope="module")
def texts() -> list[str]:
    path = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "cmkp" / "valid_src.txt"
    if not path.exists():
        pytest.skip(f"no published posts at {path}")
    return [line.split("<sep>")[0] for line in path.read_text(encoding="utf-8").splitlines()]


def shared_and_joined(sets: ShingleSets) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Intersection and union of all pairs at once: the product of the incidence matrix with itself."""
    incidence = csr_matrix(
        (np.ones(len(sets.shingles), np.int64), sets.shingles, sets.starts), shape=(len(sets), sets.vocabulary)
    )
    shared = np.asarray((incidence @ incidence.T).todense())
    sizes = np.diff(sets.starts)
    return shared, sizes[:, None] + sizes[None, :] - shared


def assert_all_found(texts: list[str], right: npt.NDArray[np.bool_], unit: Unit) -> None:
    sets = shingle_sets(overlap_forms(texts), unit)
    shared, joined = shared_and_joined(sets)
    known = sets.group >= 0
    for per_ten in (5, 8):
        near = 10 * shared >= per_ten * joined
        rows = near[np.ix_(sets.group, sets.group)] & known[:, None] & known[None, :]
        everyone = near_texts(texts, unit, per_ten / 10)
        across = near_texts(texts, unit, per_ten / 10, across=right)

        assert pairs(everyone.within()) == set(zip(*np.nonzero(np.triu(rows, 1)), strict=True))
        assert pairs(across.crossing(~right, right)) == set(
            zip(*np.nonzero(rows & ~right[:, None] & right[None, :]), strict=True)
        )


def pairs(found: object) -> set[tuple[int, int]]:
    return set(zip(found.left.tolist(), found.right.tolist(), strict=True))  # type: ignore[attr-defined]


@pytest.mark.parametrize("unit", UNITS)
def test_a_thousand_posts_have_the_pairs_of_brute_force(texts: list[str], unit: Unit) -> None:
    few = texts[:1000]

    assert_all_found(few, np.arange(len(few)) % 2 == 1, unit)


@pytest.mark.drill
@pytest.mark.parametrize("unit", UNITS)
def test_the_halves_of_all_posts_have_the_pairs_of_brute_force(texts: list[str], unit: Unit) -> None:
    assert_all_found(texts, np.arange(len(texts)) >= len(texts) // 2, unit)


def repeats(similarity: Similarity) -> int:
    """Posts that are like an earlier one by the same key."""
    known = similarity.group[similarity.group >= 0]
    return len(known) - len(np.unique(known))


def test_the_published_posts_repeat_themselves_23_times(texts: list[str]) -> None:
    # 20 by the raw text; 23 by letters and digits without placeholders, counted with other code.
    assert len(texts) - len(set(texts)) == 20
    assert repeats(identical_texts(texts)) == 23
