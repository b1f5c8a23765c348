"""A report from its material: of one split, and of several beside each other."""

from mmkp_core.report.build import build_report
from mmkp_core.report.html import render_html
from mmkp_core.report.markdown import render_markdown
from mmkp_core.report.post_rows import OverlapRow
from tests.fixtures.fake_material import OTHER, material, scored, split

RUNS = [scored(20), scored(25, seed=1), scored(40, system=OTHER)]


def test_the_page_about_one_split_speaks_of_its_parts() -> None:
    data = build_report(material(split(*RUNS)))
    assert data.subtitle == "60 test posts, 3 runs of 2 systems, trained on 3 posts"
    assert data.counts == {"posts": 63, "runs": 3, "test posts": 60, "distinct keyphrases": 8}
    assert [row.part for row in data.data] == ["train", "test"]
    assert [(board.split, len(board.rows)) for board in data.boards] == [("", 2)] * 3
    assert data.slices[0].title.startswith("In the text")
    assert (len(data.examples), data.examples_of, data.examples[0].part) == (60, 60, "test")
    assert [curve.run for curve in data.curves] == ["COPY, seed 0: joint", "COPY, seed 1: joint", "SFT: joint"]


def test_a_page_about_several_splits_says_whose_each_row_is() -> None:
    overlap = OverlapRow(measure="near text", before=3, before_of=60)
    data = build_report(
        material(split(*RUNS, name="first", overlaps=(overlap,)), split(*RUNS, name="second", dataset="dataset/2"))
    )
    assert data.subtitle == "6 runs of 2 systems on 2 splits with 120 test posts"
    assert [board.split for board in data.boards] == ["first"] * 3 + ["second"] * 3
    assert data.slices[0].title == "Every split"
    assert {chart.split for chart in data.slices[1:]} == {"first", "second"}
    assert [row.part for row in data.data] == ["first, train", "first, test", "second, train", "second, test"]
    assert [row.measure for row in data.overlaps] == ["first, near text"]
    assert len(data.examples) == 120
    assert {card.part for card in data.examples} == {"first, test", "second, test"}


def test_the_page_and_its_markdown_show_seeds_and_splits() -> None:
    data = build_report(material(split(*RUNS, name="first"), split(*RUNS, name="second")))
    page, text = render_html(data), render_markdown(data)
    assert "2 training seeds" in page
    assert "COPY (2 training seeds)" in text
    assert "### second, protocol `aimkp`" in text
    assert "### Every split" in text
