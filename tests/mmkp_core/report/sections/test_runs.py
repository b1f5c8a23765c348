"""Curves, times and facts: what is drawn, what is added up, what must be said."""

from dataclasses import replace

from mmkp_core.report.entrants import entrants
from mmkp_core.report.material import Teacher, Work
from mmkp_core.report.sections.runs import (
    CURVES,
    GENERATED,
    SCRIPTED,
    TINY,
    curves,
    drawn_runs,
    facts,
    stages,
    stand_ins,
)
from tests.fixtures.fake_material import OTHER, material, scored, split

COPY = scored(30)


def test_a_curve_has_its_phase_and_the_validation_beside_it() -> None:
    [found] = curves("COPY", COPY)
    assert (found.run, found.value_name, found.unit) == ("COPY: joint", "loss", "step")
    assert found.train == ((0, 3.0), (1, 2.0))
    assert found.valid == ((0, 4.0), (1, 3.0))


def test_seeds_are_told_apart_where_all_curves_are_drawn() -> None:
    rows = entrants([COPY, replace(COPY, seed=1), scored(10, system=OTHER)])
    assert [label for label, _ in drawn_runs(rows)] == ["COPY, seed 0", "COPY, seed 1", "SFT"]


def test_of_many_runs_the_first_seeds_are_drawn_up_to_a_bound() -> None:
    rows = entrants([replace(COPY, settings=str(n), seed=seed) for n in range(30) for seed in range(3)])
    found = drawn_runs(rows)
    assert len(found) == CURVES
    assert {run.seed for _, run in found} == {0}


def test_pieces_of_a_stage_are_added_up() -> None:
    found = list(stages([Work("ocr", 2.0, True), Work("train COPY", 5.0, False), Work("ocr", 1.5, False)]))
    assert [(stage.name, stage.seconds, stage.reused, stage.detail) for stage in found] == [
        ("ocr", 3.5, False, "2 parts"),
        ("train COPY", 5.0, False, ""),
    ]


def test_facts_name_what_was_read_and_by_whom() -> None:
    run = replace(COPY, counts={"train_posts_without_image": 4})
    of_split = split(
        run, engines={"ocr": ["paddleocr"], "entities": []}, teachers=(Teacher("gpt", {"accepted": 1_200}),)
    )
    assert [(fact.name, fact.value) for fact in facts(material(of_split, of_split, commit="abc"))] == [
        ("data set", "dataset/1"),
        ("split", "clean (mine)"),
        ("ocr", "paddleocr"),
        ("entities", "none"),
        ("teacher", "gpt: 1,200 accepted"),
        ("training posts with a zero image", "copy: 4"),
        ("code of this page", "abc"),
    ]


def test_what_stands_in_for_something_is_said() -> None:
    assert list(stand_ins(material(split(COPY)))) == []
    made = split(replace(COPY, backbone="tiny"), is_generated=True, engines={"entities": ["scripted"]})
    assert list(stand_ins(material(made))) == [GENERATED, SCRIPTED, TINY]
