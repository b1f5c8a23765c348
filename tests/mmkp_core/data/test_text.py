import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer

from mmkp_core.data.text import has_visible, normal_form, overlap_form, source_form, stem, tokens


def test_tokens_are_what_stands_between_white_space() -> None:
    assert tokens(" fans will\u00a0never\tstop . ") == ["fans", "will", "never", "stop", "."]


@pytest.mark.parametrize(
    ("phrase", "form"),
    [
        ("Monday Motivation", "monday motiv"),
        (" game of thrones ", "game of throne"),
        ("cwc 19", "cwc 19"),
        ("a  b", "a  b"),  # two blanks: an empty word between
        ("", ""),
        ("Cats", "cat"),
    ],
)
def test_normal_form(phrase: str, form: str) -> None:
    assert normal_form(phrase) == form


@given(st.text(max_size=40))
def test_normal_form_is_the_published_recipe(phrase: str) -> None:
    stemmer = PorterStemmer()
    expected = " ".join(stemmer.stem(word.strip().lower()) for word in phrase.strip().split(" "))
    assert normal_form(phrase) == expected


def test_a_long_run_of_y_does_not_exhaust_the_stemmer() -> None:
    assert stem("y" * 100_000) == "y" * 100_000


def test_source_form_has_a_blank_at_both_ends() -> None:
    assert source_form("Dogs  running!") == " dog running! "


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("So excited , <number> days to #KCA !", "so excited days to kca"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full width"),
        ("it 's x_y", "it s x y"),
        ("<URL> <user>", ""),
        ("a < b > c", "a b c"),
        ("😂😂", ""),
        ("中文 标签2", "中文 标签2"),
    ],
)
def test_overlap_form_keeps_letters_and_digits(text: str, form: str) -> None:
    assert overlap_form(text) == form


@given(st.text())
def test_overlap_form_of_itself_is_itself(text: str) -> None:
    form = overlap_form(text)
    assert overlap_form(form) == " ".join(form.split())
    assert form == overlap_form(unicodedata.normalize("NFD", text)) or not text.isascii()


@pytest.mark.parametrize("text", ["a", "  .", "😂", "👩‍👩‍👧", "\u200dא", "\u0301a", "#"])
def test_something_shows(text: str) -> None:
    assert has_visible(text)


@pytest.mark.fault(7)
@pytest.mark.parametrize("text", ["", " \t\n", "\u200d", "\u200f\u200e", "\ufeff", "\u2060 \u00ad", "\u3164", "\ufe0f"])
def test_nothing_shows(text: str) -> None:
    assert not has_visible(text)
