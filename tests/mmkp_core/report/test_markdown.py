import itertools
import re
from dataclasses import replace

import pytest

from mmkp_core.report.markdown import render_markdown
from mmkp_core.report.page import ReportData
from tests.fixtures.fake_report import fake_report, hostile_report


def test_the_leaderboard_is_a_table_per_protocol_with_the_best_in_bold():
    text = render_markdown(fake_report())
    assert "| MM-MKP (3 training seeds) | text and image | **48.20** (46.95–49.48) |" in text
    assert "≈ 47.10" in text
    assert text.count("### Protocol") == 2


def test_every_table_row_has_as_many_cells_as_its_head():
    for evil in ("a|b", "a\nb", "`|`"):
        lines = render_markdown(hostile_report(evil)).splitlines()
        for head, rule in itertools.pairwise(lines):
            if re.fullmatch(r"\| (---:? \| ?)+", rule + " "):
                start = lines.index(head)
                columns = head.replace("\\|", "").count("|")
                for row in lines[start:]:
                    if not row.startswith("|"):
                        break
                    assert row.replace("\\|", "").count("|") == columns


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](http://e.vil/a.png)",
    ],
)
def test_text_from_outside_is_never_markup(evil):
    text = render_markdown(hostile_report(evil))
    assert "<" not in text
    assert not re.search(r"(?<!\\)\]\(", text)


def test_empty_sections_are_left_out():
    text = render_markdown(ReportData(title="Nothing yet", made="today"))
    assert "##" not in text


def test_it_can_be_written_whatever_the_posts_hold():
    render_markdown(hostile_report("\ud83d \u202e")).encode("utf-8")


def test_both_shares_are_in_the_data_table():
    assert "| 37.45 | 62.55 |" in render_markdown(fake_report())


def test_only_a_few_examples_are_written_out():
    report = fake_report()
    assert render_markdown(report).count("- gold:") == 10
    assert "## Examples" not in render_markdown(replace(report, examples=()))
