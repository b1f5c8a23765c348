"""The leak effect of each system that was trained with and without duplicates of test posts."""

from mmkp_core.report.entrants import entrants
from mmkp_core.report.sections.leaks import leaks
from tests.fixtures.fake_material import OTHER, POSTS, scored

LEAKED = {post.post_id for post in POSTS[10:30]}


def test_scores_with_and_without_the_duplicates_stand_side_by_side() -> None:
    leaky = entrants([scored(30, leaked=LEAKED), scored(30, system=OTHER, leaked=LEAKED)])
    [row] = leaks(leaky, entrants([scored(20)]))
    assert (row.system, row.posts) == ("COPY", 20)
    assert row.leaked.value == 2 * 1 * 0.5 / 1.5  # every leaked post has one of its two phrases in first place
    assert row.purged.value == 2 * 0.5 * 0.25 / 0.75  # half of them
    assert row.effect.value == row.leaked.value - row.purged.value
    assert row.effect.low is not None and row.effect.low > 0
    assert 0 < row.effect_of_all.value < row.effect.value


def test_without_leaks_there_is_no_row() -> None:
    assert list(leaks(entrants([scored(30, leaked=set())]), entrants([scored(20)]))) == []
