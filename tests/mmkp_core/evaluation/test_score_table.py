"""Tables of several sets of predictions of one run become one, post by post."""

import numpy as np
import pytest

from mmkp_core.errors import UnknownName
from mmkp_core.evaluation.score_table import ScoreTable, SliceTable, joined


def table(post_ids: str, values: list[float], seen: str = "") -> ScoreTable:
    def part(entered: list[bool]) -> SliceTable:
        return SliceTable(np.array(entered), {"f1@1": np.where(entered, values, 0.0)}, {"f1@1": ("f1@1",)})

    slices = {"all": part([True] * len(post_ids))}
    if seen:
        slices["seen"] = part([post_id in seen for post_id in post_ids])
    return ScoreTable("strict", tuple(post_ids), slices)


def test_posts_stand_in_the_order_asked_for_and_the_later_figure_counts() -> None:
    found = joined([table("abc", [0.1, 0.2, 0.3]), table("cd", [0.9, 0.4])], "dca")
    assert found.post_ids == ("d", "c", "a")
    assert found.slices["all"].columns["f1@1"].tolist() == [0.4, 0.9, 0.1]


def test_a_slice_that_only_one_knows_keeps_its_posts() -> None:
    found = joined([table("ab", [0.1, 0.2], seen="b"), table("c", [0.9])], "abc")
    assert found.slices["seen"].entered.tolist() == [False, True, False]
    assert found.slices["seen"].value("f1@1") == 0.2


def test_a_slice_without_a_post_left_is_none() -> None:
    assert list(joined([table("ab", [0.1, 0.2], seen="b")], "a").slices) == ["all"]


def test_some_posts_of_a_slice_are_averaged_alone() -> None:
    part = table("abc", [0.1, 0.2, 0.6]).slices["all"].only(np.array([True, False, True]))
    assert (part.posts, part.value("f1@1")) == (2, pytest.approx(0.35))


def test_a_slice_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownName, match="'all'"):
        table("a", [1.0]).slice("al")
