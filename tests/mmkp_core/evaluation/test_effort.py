"""Scores by length of the answer: groups, bounds and means worked out by hand."""

import pytest

from mmkp_core.data.post import Post, Prediction
from mmkp_core.evaluation.effort import NO_REASONING, Effort, by_effort, token_bounds
from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.spec import EvaluateSpec

SHORT, MIDDLE, LONG = Effort(True, 10, 1, 0.1), Effort(True, 20, 2, 0.2), Effort(True, 40, 5, 0.9)
NONE = Effort(False, 4, 0, 0.05)


def test_answers_with_reasoning_fall_into_thirds() -> None:
    efforts = [Effort(True, tokens, 1, 0.0) for tokens in (5, 6, 7, 8, 9, 30)]
    assert token_bounds([*efforts, NONE]) == (7, 9)


def test_nothing_is_bounded_where_nobody_reasons() -> None:
    assert token_bounds([NONE, NONE]) == ()


def test_equal_lengths_are_one_group() -> None:
    assert token_bounds([SHORT, SHORT, SHORT]) == ()


def test_each_group_is_scored_apart() -> None:
    gold = [Post(post_id=str(n), text="", keyphrases=("a",)) for n in range(4)]
    predictions = [Prediction(str(n), (phrase,)) for n, phrase in enumerate(("a", "b", "a", "a"))]
    table = evaluate(gold, predictions, EvaluateSpec(protocol="strict", resamples=0)).tables["strict"]
    efforts = {"0": NONE, "1": LONG, "2": SHORT, "3": LONG}
    rows = by_effort(table, efforts, (10, 20))
    assert [(row.group, row.posts, row.value) for row in rows] == [
        (NO_REASONING, 1, 1.0),
        ("up to 10 tokens", 1, 1.0),
        ("over 20 tokens", 2, 0.5),
    ]
    assert (rows[2].tokens, rows[2].steps, rows[2].seconds) == (40, 5, pytest.approx(0.9))
    assert rows[2].low == 0.0 and rows[2].high == 1.0


def test_a_length_on_the_bound_belongs_to_the_shorter_group() -> None:
    gold = [Post(post_id="0", text="", keyphrases=("a",))]
    table = evaluate(gold, [Prediction("0", ("a",))], EvaluateSpec(protocol="strict", resamples=0)).tables["strict"]
    assert [row.group for row in by_effort(table, {"0": MIDDLE}, (10, 20))] == ["11 to 20 tokens"]
