import numpy as np
import pytest

from mmkp_core.data.neighbours import neighbourhood


def test_similarity_is_the_cosine_of_the_weights_worked_out_by_hand() -> None:
    """Two posts: idf of `a` (in both) = ln(3/3) + 1 = 1, of `b` and `c` = ln(3/2) + 1; squared 1 and 1.97539."""
    rare = (np.log(1.5) + 1) ** 2
    found = neighbourhood([["a", "b", "b"], ["a", "c"]]).nearest([["a", "c"], ["b"], ["d"]], 2)

    twice = (1 + np.log(2)) * rare
    assert found[0] == [
        (1, pytest.approx(1.0)),
        (0, pytest.approx(1 / (np.hypot(1, twice) * np.hypot(1, rare)))),
    ]
    assert found[1] == [(0, pytest.approx(twice / np.hypot(1, twice)))]
    assert found[2] == []
