"""Scores by length of the answer, only for systems that reason."""

from dataclasses import replace

from mmkp_core.report.entrants import entrants
from mmkp_core.report.sections.reasoning import reasoning
from tests.fixtures.fake_material import OTHER, POSTS, scored, written

REASONS = {post.post_id: ("because", 10 + n % 3 * 20) for n, post in enumerate(POSTS)}


def test_answers_are_grouped_by_their_length() -> None:
    thinks = replace(scored(30), predictions=lambda: written(REASONS))
    rows = list(reasoning(entrants([scored(20, system=OTHER), thinks])))
    assert [(row.system, row.bucket, row.posts, row.mean_tokens) for row in rows] == [
        ("COPY", "up to 30 tokens", 40, 20),
        ("COPY", "over 30 tokens", 20, 50),
    ]
    assert all(row.cell.low is not None for row in rows)


def test_a_stray_reasoning_makes_no_system_that_reasons() -> None:
    stray = {POSTS[0].post_id: ("because", 10)}
    assert list(reasoning(entrants([replace(scored(30), predictions=lambda: written(stray))]))) == []
