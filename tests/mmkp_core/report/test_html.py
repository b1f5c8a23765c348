import base64
import hashlib
import re
from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkp_core.report.html import render_html
from mmkp_core.report.page import ReportData
from mmkp_core.report.post_rows import Answer, ExampleCard, Gold, Guess
from tests.fixtures.fake_report import fake_report, hostile_report, large_report

EVIL = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "';</style></script><svg onload=alert(1)>",
    "javascript:alert(1) {{ 7*7 }} {% raw %}",
    "safe\u202etxt.exe \u2066\ud83d\x1b[31m\x00",
    "=cmd|' /C calc'!A0",
]


class Elements(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.text = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def elements(page):
    return Elements(page).found


@pytest.mark.fault(28)
@pytest.mark.parametrize("evil", EVIL)
def test_text_from_outside_is_never_markup(evil):
    found = elements(render_html(hostile_report(evil)))
    assert [tag for tag, _ in found].count("script") == 1
    assert {tag for tag, _ in found}.isdisjoint({"iframe", "object", "link", "base", "form"})
    assert not [attrs for _, attrs in found if any(name.startswith("on") or name == "style" for name in attrs)]
    assert all(attrs["src"].startswith("data:image/jpeg;base64,") for tag, attrs in found if tag == "img")
    assert [attrs["href"][0] for _, attrs in found if "href" in attrs] == ["#"] * len(
        [1 for _, attrs in found if "href" in attrs]
    )


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_text_changes_no_more_than_text(evil):
    calm = [tag for tag, _ in elements(render_html(hostile_report("calm"))) if tag != "span"]
    assert [tag for tag, _ in elements(render_html(hostile_report(evil))) if tag != "span"] == calm


def test_nothing_is_fetched():
    page = render_html(fake_report())
    assert not re.findall(r"(?:src|href|srcset|action|data)\s*=\s*[\"']?(?:https?:)?//", page)
    assert "@import" not in page
    assert "url(" not in page


@pytest.mark.fault(28)
def test_the_content_policy_allows_exactly_the_style_and_script_inside():
    page = render_html(fake_report())
    policy = next(a["content"] for t, a in elements(page) if a.get("http-equiv") == "Content-Security-Policy")
    for tag in ("style", "script"):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_turned_round_text_is_shown_as_code_points_and_kept_apart():
    page = render_html(hostile_report("safe\u202etxt"))
    assert "\u202e" not in page
    assert '<bdi dir="auto">safe<span class="code-point">U+202E</span>txt</bdi>' in page


def test_lone_surrogates_do_not_stop_the_page_from_being_written():
    assert b"U+D83D" in render_html(hostile_report("a\ud83d")).encode("utf-8")


def test_emoji_and_right_to_left_posts_stay_readable():
    page = render_html(fake_report())
    assert "🍞" in page
    assert "مرحبا بالعالم" in page


@pytest.mark.fault(28)
def test_a_megabyte_hashtag_is_cut_and_the_cut_is_told():
    page = render_html(hostile_report("x" * 1_000_000))
    assert len(page) < 500_000
    assert "… +999,920 characters" in page


def test_ten_thousand_posts_and_five_systems_fit_into_ten_megabytes():
    assert len(render_html(large_report()).encode()) < 10 * 2**20


SECTIONS = {
    "boards": "leaderboard",
    "slices": "slices",
    "reasoning": "reasoning",
    "decisions": "decisions",
    "examples": "examples",
    "curves": "training",
    "stages": "time",
    "quarantine": "quarantine",
    "facts": "facts",
}


@pytest.mark.parametrize(("field", "section"), SECTIONS.items())
def test_a_section_without_data_is_left_out_with_its_link(field, section):
    full, without = render_html(fake_report()), render_html(replace(fake_report(), **{field: ()}))
    assert f'id="{section}"' in full
    assert f'href="#{section}"' in full
    assert f'id="{section}"' not in without
    assert f'href="#{section}"' not in without


def test_an_almost_empty_report_is_a_page():
    found = elements(render_html(ReportData(title="Nothing yet", made="today")))
    assert "section" not in [tag for tag, _ in found]
    assert "script" not in [tag for tag, _ in found]


def test_every_column_of_the_data_table_is_there_present_and_absent_both():
    page = render_html(fake_report())
    for figure in ("5,372", "27.05", "1.32", "2,534", "1.86", "37.45", "62.55", "17,021"):
        assert f'<td class="number">{figure}</td>' in page


def test_protocols_stand_in_tables_of_their_own():
    page = render_html(fake_report())
    boards = re.findall(r'<table class="board">.*?</table>', page, re.DOTALL)
    assert len(boards) == 2
    assert "nDCG@5" in boards[0]
    assert "nDCG@5" not in boards[1]


def test_the_headline_names_the_leader_and_who_cannot_be_told_from_it():
    text = "".join(Elements(render_html(fake_report())).text)
    assert "MM-MKP leads with F1@1 48.20 (46.95–49.48). M3H-ATT (generator) cannot be told apart from it" in text


def test_a_metric_that_was_not_measured_is_a_dash():
    report = fake_report()
    board = report.boards[0]
    row = replace(board.rows[0], cells=(None, *board.rows[0].cells[1:]))
    page = render_html(replace(report, boards=(replace(board, rows=(row,)),)))
    assert '<span class="none">–</span>' in page


TEXT = st.text(max_size=30) | st.sampled_from(EVIL)


@settings(max_examples=40, deadline=None)
@given(text=TEXT, phrase=TEXT, system=TEXT)
def test_any_text_gives_a_page_that_can_be_written_and_shows_it(text, phrase, system):
    card = ExampleCard(post_id=text, text=text, gold=(Gold(phrase),), answers=(Answer(system, (Guess(phrase, True),)),))
    page = render_html(ReportData(title=text, made="today", examples=(card,)))
    page.encode("utf-8")
    assert [tag for tag, _ in elements(page)].count("script") == 1


def test_the_fixture_fills_every_field():
    report = fake_report()
    assert [f.name for f in fields(report) if not getattr(report, f.name)] == []
