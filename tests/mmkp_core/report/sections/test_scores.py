"""Leaderboards and slices: the figures are those of the scores, and seeds are averaged."""

from dataclasses import replace

import pytest

from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.report.entrants import entrants
from mmkp_core.report.sections.scores import boards, overview, slice_charts
from tests.fixtures.fake_material import OTHER, card, scored


def test_a_board_shows_the_scores_and_their_intervals_as_they_were_evaluated() -> None:
    found = {board.protocol: board for board in boards(entrants([scored(20), scored(45, system=OTHER)]))}
    assert list(found) == ["cmkp", "aimkp", "strict"]
    for protocol, board in found.items():
        assert (board.posts, board.metrics) == (60, ("f1@1", "f1@3", "map@5"))
        for row, right in zip(board.rows, (20, 45), strict=True):
            stated = {s.metric: s for s in card(right).scores if (s.protocol, s.slice) == (protocol, "all")}
            for metric, cell in zip(board.metrics, row.cells, strict=True):
                assert cell is not None
                assert cell.value == stated[metric].value
                assert (cell.low, cell.high) == pytest.approx((stated[metric].low, stated[metric].high), abs=1e-6)


def test_the_best_is_marked_and_what_cannot_be_told_from_it() -> None:
    third = replace(OTHER, id="third", title="third")
    board = next(boards(entrants([scored(10), scored(44, system=OTHER), scored(45, system=third)])))
    assert [row.cells[0].mark for row in board.rows if row.cells[0]] == ["", "tied", "best"]


def test_training_seeds_are_one_row_with_their_mean_and_a_wider_interval() -> None:
    [alone] = next(boards(entrants([scored(30)]))).rows
    [row] = next(boards(entrants([scored(20, seed=0), scored(40, seed=1)]))).rows
    assert row.seeds == 2
    values = [next(boards(entrants([scored(right)]))).rows[0].cells[0] for right in (20, 40)]
    cell, single = row.cells[0], alone.cells[0]
    assert cell and single and values[0] and values[1]
    assert cell.value == pytest.approx((values[0].value + values[1].value) / 2)
    assert cell.high is not None and cell.low is not None and single.high is not None and single.low is not None
    assert cell.high - cell.low > single.high - single.low


def test_every_answer_of_a_system_has_a_row_of_its_own() -> None:
    board = next(boards(entrants([scored({"unified": 40, "classifier": 20})])))
    assert [row.head for row in board.rows] == ["unified", "classifier"]


def test_scores_without_intervals_are_shown_without_and_still_marked() -> None:
    run = replace(scored(30), evaluation=EvaluateSpec(resamples=0))
    [row] = next(boards(entrants([run]))).rows
    assert row.cells[0] and (row.cells[0].low, row.cells[0].mark) == (None, "best")


def test_a_protocol_that_nothing_was_scored_under_has_no_board() -> None:
    run = scored(30)
    only = replace(run, tables={"phrases": {"strict": run.tables["phrases"]["strict"]}})
    assert [board.protocol for board in boards(entrants([only]))] == ["strict"]


def test_slices_are_those_of_the_scores() -> None:
    first, kinds = slice_charts(entrants([scored(20)]))
    stated = {(s.slice, s.metric): s for s in card(20).scores if s.protocol == "cmkp"}
    assert [(one.slice, one.posts, one.cell.value) for one in first.scores] == [
        (name, stated[name, "f1@1"].posts, stated[name, "f1@1"].value)
        for name in ("present", "absent", "seen", "unseen")
    ]
    assert [(one.slice, one.cell.value) for one in kinds.scores] == [
        (name, stated[f"kind:{name}", "r@5"].value) for name in ("thing", "topic")
    ]
    assert "Recall within five" in kinds.caption


def test_several_splits_stand_in_one_table_by_their_main_figure() -> None:
    found = [*boards(entrants([scored(20)]), "first"), *boards(entrants([scored(40)]), "second")]
    chart = overview(found)
    assert chart is not None
    assert [(one.system, one.slice) for one in chart.scores] == [("COPY", "first"), ("COPY", "second")]
    assert chart.scores[0].cell == found[0].rows[0].cells[0]
    assert overview(found[:3]) is None
