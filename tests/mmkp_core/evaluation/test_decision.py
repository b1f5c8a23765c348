"""Champion against challenger: the name goes only to what is better with significance."""

from dataclasses import replace

import numpy as np

from mmkp_core.evaluation.decision import Contestant, comparison, decide
from mmkp_core.evaluation.score_table import ScoreTable, SliceTable
from mmkp_core.evaluation.spec import PromotionRule

RULE = PromotionRule(protocol="strict", metric="map@5")
POSTS = 200


def table(right: int) -> ScoreTable:
    """A table in which the first `right` posts score 1."""
    part = SliceTable(np.ones(POSTS, bool), {"map@5": (np.arange(POSTS) < right).astype(float)}, {"map@5": ("map@5",)})
    return ScoreTable("strict", tuple(map(str, range(POSTS))), {"all": part})


def test_a_challenger_that_is_surely_better_is_promoted() -> None:
    found = decide(table(80), table(120), RULE)
    assert found.verdict == "promoted"
    assert (found.champion_score, found.challenger_score, found.posts) == (0.4, 0.6, 200)
    assert found.low > 0
    assert found.reasons[0] == ("map@5 in points: challenger 60.00, champion 40.00 on 200 posts that neither has seen")
    assert found.reasons[1].endswith("lies above +0.00")


def test_one_more_right_answer_is_not_enough() -> None:
    found = decide(table(80), table(81), RULE)
    assert (found.verdict, found.low) == ("kept", 0.0)
    assert found.reasons[1].endswith("does not lie above +0.00: the champion stays")


def test_the_whole_interval_must_lie_above_the_least_gain() -> None:
    assert decide(table(80), table(120), replace(RULE, least_gain=0.19)).verdict == "kept"


def test_the_page_shows_both_scores_and_why() -> None:
    verdict = decide(table(80), table(120), RULE)
    lines = comparison(verdict, RULE, Contestant("later", "tfidf"), Contestant("first", "copy"), left_out=7)
    assert "| challenger | `later` | tfidf | 60.00 |" in lines
    assert "| champion until now | `first` | copy | 40.00 |" in lines
    assert any("p < 0.001 | **+20.00** |" in line for line in lines)
    assert lines[-1].endswith("left out as near-duplicates across its parts: 7.")
    kept = decide(table(80), table(81), RULE)
    lines = comparison(kept, RULE, Contestant("later", "tfidf"), Contestant("first", "copy"), left_out=7)
    assert "| champion | `first` | copy | 40.00 |" in lines
    assert any(line.startswith("Why:") and "is not above +0.00" in line for line in lines)
