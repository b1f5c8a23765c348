"""Runs as rows of a page: seeds together, other settings apart."""

from dataclasses import replace

from mmkp_core.report.entrants import entrants
from tests.fixtures.fake_material import OTHER, scored

COPY = scored(30, seed=0)


def test_training_seeds_of_one_system_are_one_row() -> None:
    [row] = entrants([COPY, replace(COPY, seed=1)])
    assert (row.title, [run.seed for run in row.runs]) == ("COPY", [0, 1])
    assert len(row.tables("cmkp")) == 2


def test_other_settings_are_another_row_and_say_which_run_it_is() -> None:
    rows = entrants([COPY, replace(COPY, settings="{more}", name="long"), scored(20, system=OTHER)])
    assert [row.title for row in rows] == ["COPY, run copy-0", "COPY, run long", "SFT"]


def test_a_row_is_labelled_with_its_backbone_and_with_another_answer_than_its_own() -> None:
    [row] = entrants([replace(COPY, backbone="tiny", heads=("generator", "classifier"))])
    assert (row.label(), row.label("generator"), row.label("classifier")) == (
        "COPY (tiny)", "COPY (tiny)", "COPY (tiny), classifier",
    )  # fmt: skip


def test_a_protocol_that_one_seed_was_not_scored_under_is_none() -> None:
    [row] = entrants([COPY, replace(COPY, seed=1, tables={"phrases": {}})])
    assert row.tables("cmkp") == []
