"""The leak effect by hand: the same posts, with duplicates of some of them trained on and without."""

import numpy as np
import pytest

from mmkp_core.evaluation.leak_effect import leak_effect
from mmkp_core.evaluation.score_table import ScoreTable, SliceTable
from mmkp_core.evaluation.significance import Resampling

LEAKED = np.array([True, True, False, False, False])


def table(values: list[float], leaked: bool) -> ScoreTable:
    every = SliceTable(np.ones(5, bool), {"f1@1": np.array(values)}, {"f1@1": ("f1@1",)})
    slices = {"all": every, **({"leaked": every.only(LEAKED)} if leaked else {})}
    return ScoreTable("strict", tuple("abcde"), slices)


def test_both_sides_are_averaged_over_the_posts_that_leak() -> None:
    found = leak_effect(
        [table([1, 1, 0, 1, 0], leaked=True)], [table([0, 1, 0, 0.5, 0], leaked=False)], "f1@1", Resampling()
    )
    assert found is not None
    assert (found.posts, found.leaked.value, found.purged.value) == (2, 1.0, 0.5)
    assert found.difference.difference == 0.5
    assert found.difference_of_all.difference == pytest.approx((3 - 1.5) / 5)
    assert found.difference.low <= 0.5 <= found.difference.high
    assert found.difference_of_all.posts == 5


def test_training_seeds_are_averaged() -> None:
    leaky = [table([1, 1, 0, 0, 0], leaked=True), table([1, 0, 0, 0, 0], leaked=True)]
    found = leak_effect(leaky, [table([0, 0, 0, 0, 0], leaked=False)], "f1@1", Resampling())
    assert found is not None
    assert found.leaked.value == 0.75


def test_where_no_post_leaks_there_is_no_effect() -> None:
    assert leak_effect([table([1] * 5, leaked=False)], [table([1] * 5, leaked=False)], "f1@1", Resampling()) is None
