"""Lines become words in reading order, and what is not a word stays out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.vision.ocr.clean import cmkp_words, reading_order, words_of
from mmkp_core.vision.ocr.engine import Line

REAL = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "cmkp"


def line(text: str, x: float = 0.0, y: float = 0.0, width: float = 0.2, score: float = 0.9) -> Line:
    return Line(text, score, (x, y, x + width, y, x + width, y + 0.1, x, y + 0.1))


def test_rows_from_the_top_and_each_from_the_left() -> None:
    lines = [line("world", x=0.5, y=0.12), line("below", y=0.4), line("hello", x=0.1, y=0.1)]
    assert words_of(lines, 0.6) == "hello world below"


def test_a_slanted_row_stays_one_row() -> None:
    lines = [line("b", x=0.3, y=0.03), line("c", x=0.6, y=0.045), line("a", x=0.0, y=0.0)]
    assert [found.text for found in reading_order(lines)] == ["a", "b", "c"]


@pytest.mark.parametrize("seen", ["★", "■ ■", "+", "6", "O", "x", "十", "100", "", "…"])
def test_an_icon_that_was_read_as_a_sign_is_no_word(seen: str) -> None:
    assert words_of([line(seen)], 0.6) == ""


def test_words_are_lower_case_without_marks_around_them() -> None:
    assert words_of([line("FREE «Coffee»! 50% don't e-mail #Now @you")], 0.6) == "free coffee 50 don't e-mail now you"


def test_other_scripts_are_words_too() -> None:
    assert words_of([line("免费咖啡 кофе")], 0.6) == "免费咖啡 кофе"


def test_unsure_lines_give_no_words() -> None:
    assert words_of([line("sure", score=0.6), line("unsure", y=0.5, score=0.59)], 0.6) == "sure"


@given(st.lists(st.tuples(st.text(), st.floats(0, 1), st.floats(0, 1)), max_size=8))
def test_any_lines_give_blank_separated_lower_case_words(found: list[tuple[str, float, float]]) -> None:
    words = words_of([line(text, x, y) for text, x, y in found], 0.6)
    assert words == " ".join(words.split())
    assert words == words.lower()


def test_the_cmkp_rule_keeps_known_latin_words_when_enough_are_left() -> None:
    known = {"free", "coffee", "today", "at", "a", "xx", "yy"}
    assert cmkp_words("free coffee today at a 7 unknown", known) == "free coffee today at"  # one letter goes
    assert cmkp_words("free coffee at unknown", known) == ""  # two words of more than three letters
    assert cmkp_words("free coffee today " + "at " * 9, known) == ""  # 9 of 12 have fewer than three letters
    assert cmkp_words("free coffee today " + "at " * 8, known) != ""


@pytest.mark.skipif(not REAL.exists(), reason="published data not there")
def test_the_published_cleaned_lines_pass_the_rule_unchanged() -> None:
    """All of their tokens are known by construction, so what was kept must be kept again."""
    kept = [text.strip() for text in (REAL / "valid_ocr_final.txt").read_text().splitlines() if text.strip()]
    same = sum(cmkp_words(text, set(text.split())) == " ".join(text.split()) for text in kept)
    assert len(kept) == 890
    assert same == 890
