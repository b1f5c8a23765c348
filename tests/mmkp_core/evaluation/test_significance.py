import math

import numpy as np
import pytest

from mmkp_core.errors import Mismatch, UnknownName
from mmkp_core.evaluation.bootstrap import UNITS
from mmkp_core.evaluation.score_table import ScoreTable, SliceTable
from mmkp_core.evaluation.significance import Resampling, compare, intervals, standings

FIRST = [("all", "f1@1")]


def table(values, name="f1@1", entered=None, protocol="strict"):
    values = np.asarray(values, dtype=np.float64)
    part = SliceTable(np.ones(len(values), bool) if entered is None else entered, {name: values}, {name: (name,)})
    return ScoreTable(protocol, tuple(map(str, range(len(values)))), {"all": part})


def bounds(values, resamples=10_000, seed=0):
    found = intervals([table(values)], Resampling(resamples=resamples, seed=seed))
    return found["strict", "all", "f1@1"]


def coin(share, posts, seed=0):
    return (np.random.default_rng(seed).random(posts) < share).astype(float)


def test_the_interval_of_a_mean_is_its_standard_error_either_side():
    values = coin(0.3, 5_000)
    low, high = bounds(values)
    error = values.std() / math.sqrt(len(values))
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.05 * error)


def test_above_the_bound_bundles_of_posts_give_the_same_interval():
    values = coin(0.3, 3 * UNITS)
    low, high = bounds(values)
    error = values.std() / math.sqrt(len(values))
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.05)
    assert low < values.mean() < high


def test_equal_posts_leave_no_doubt():
    assert bounds([0.5] * 7) == (0.5, 0.5)


def test_one_seed_gives_one_interval():
    values = np.random.default_rng(0).random(200)
    assert bounds(values, 500, seed=1) == bounds(values, 500, seed=1) != bounds(values, 500, seed=2)


def test_a_harmonic_metric_is_made_from_the_means_of_each_draw():
    precision, recall = coin(0.5, 400, 1), coin(0.2, 400, 2)
    part = SliceTable(np.ones(400, bool), {"p": precision, "r": recall}, {"f1": ("p", "r")})
    found = intervals(
        [ScoreTable("cmkp", tuple(map(str, range(400))), {"all": part})], Resampling(resamples=4_000, confidence=0.9)
    )
    random = np.random.default_rng(9)
    plain = []
    for _ in range(2_000):
        drawn = random.integers(0, 400, 400)
        p, r = precision[drawn].mean(), recall[drawn].mean()
        plain.append(2 * p * r / (p + r))
    assert found["cmkp", "all", "f1"] == pytest.approx(tuple(np.quantile(plain, [0.05, 0.95])), abs=0.004)


def test_posts_outside_the_slice_change_nothing():
    values = np.zeros(400)
    values[:100] = coin(0.5, 100)
    part = table(values, entered=np.arange(400) < 100)
    low, high = intervals([part], Resampling(resamples=4_000))["strict", "all", "f1@1"]
    only = bounds(values[:100], 4_000)
    assert (low, high) == pytest.approx(only, abs=0.02)


def test_a_small_but_constant_lead_is_significant_because_the_test_is_paired():
    theirs = coin(0.4, 2_000) * 0.9
    [found] = compare([table(theirs + 0.01)], [table(theirs)], FIRST, Resampling(resamples=2_000))
    assert found.better
    assert found.difference == pytest.approx(0.01)
    assert found.p_value == pytest.approx(2 / 2_001)


def test_the_same_system_is_not_better_than_itself():
    same = table(coin(0.4, 300))
    [found] = compare([same], [same], FIRST, Resampling(resamples=1_000))
    assert (found.difference, found.better, found.p_value) == (0, False, 1)


def test_under_no_difference_about_one_in_twenty_is_called_significant():
    called = sum(
        compare([table(coin(0.4, 300, 2 * n))], [table(coin(0.4, 300, 2 * n + 1))], FIRST, Resampling(resamples=500))[
            0
        ].p_value
        < 0.05
        for n in range(200)
    )
    assert 2 <= called <= 22  # 10 expected; binomial(200, 0.05) leaves this range once in 2,000


def test_training_seeds_that_disagree_widen_the_interval():
    theirs = [table(coin(0.4, 1_000))]
    [steady] = compare([table(coin(0.5, 1_000, 1))] * 2, theirs, FIRST, Resampling(resamples=2_000))
    [lucky] = compare(
        [table(np.full(1_000, 0.3)), table(np.full(1_000, 0.7))], theirs, FIRST, Resampling(resamples=2_000)
    )
    assert steady.better
    assert lucky.difference == pytest.approx(steady.difference, abs=0.05)
    assert not lucky.better


def test_standings_mark_the_best_and_what_cannot_be_told_from_it():
    base = coin(0.4, 1_000)
    flipped = base.copy()
    flipped[:2], flipped[-3:] = 1 - flipped[:2], 1 - flipped[-3:]
    clearly = np.where(np.arange(1_000) < 200, 0.0, base)
    found = standings(
        {"a": [table(base + 1e-9)], "b": [table(flipped)], "c": [table(clearly)]}, FIRST, Resampling(resamples=2_000)
    )["all", "f1@1"]
    assert found["c"].mark == ""
    assert {found["a"].mark, found["b"].mark} == {"best", "tied"}


def test_a_system_alone_has_the_interval_that_its_scores_have():
    values = coin(0.4, 500)
    [alone] = standings({"a": [table(values)]}, FIRST)["all", "f1@1"].values()
    assert (alone.low, alone.high) == pytest.approx(bounds(values), abs=1e-7)
    assert (alone.value, alone.mark, alone.posts) == (values.mean(), "best", 500)


def test_a_system_of_several_seeds_has_their_mean_and_their_spread():
    seeds = [coin(share, 300, n) for n, share in enumerate((0.3, 0.5, 0.4))]
    [found] = standings({"a": [table(values) for values in seeds]}, FIRST)["all", "f1@1"].values()
    random = np.random.default_rng(5)
    plain = []
    for _ in range(3_000):
        posts = random.integers(0, 300, 300)
        plain.append(np.mean([seeds[n][posts].mean() for n in random.integers(0, 3, 3)]))
    assert found.value == pytest.approx(np.mean([values.mean() for values in seeds]))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])), abs=0.006)


def test_figures_drawn_together_are_those_drawn_alone():
    def both(seed):
        parts = {
            name: SliceTable(np.ones(200, bool), {"f1@1": coin(0.4, 200, seed + n)}, {"f1@1": ("f1@1",)})
            for n, name in enumerate(("all", "seen"))
        }
        return [ScoreTable("strict", tuple(map(str, range(200))), parts)]

    figures = [("all", "f1@1"), ("seen", "f1@1")]
    together = compare(both(0), both(5), figures)
    alone = [compare(both(0), both(5), [figure])[0] for figure in figures]
    assert [(c.difference, c.p_value) for c in together] == [(c.difference, c.p_value) for c in alone]
    assert [c.low for c in together] == pytest.approx([c.low for c in alone], abs=1e-6)


def test_tables_of_other_posts_or_another_protocol_are_refused():
    with pytest.raises(Mismatch):
        compare([table([1, 0])], [table([1, 0, 1])])
    with pytest.raises(Mismatch):
        compare([table([1, 0])], [table([1, 0], protocol="cmkp")])


def test_a_mistyped_metric_gets_the_nearest():
    with pytest.raises(UnknownName, match="'f1@1'"):
        compare([table([1, 0])], [table([1, 0])], [("all", "f@1")])
