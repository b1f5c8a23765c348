import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.report.wording import duration, markdown, shown, unmarked


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59, "59 s"),
        (89, "89 s"),
        (100, "2 min"),
        (5_420, "1 h 30 min"),
        (7_260, "2 h 01 min"),
    ],
)
def test_durations_read_as_people_say_them(seconds, words):
    assert duration(seconds) == words


def test_letters_of_many_scripts_and_joined_emoji_stay_whole():
    family = "👩‍👩‍👧 क्‍ष naïve 日本語"
    assert unmarked(family) == family


def test_a_pile_of_marks_is_cut():
    assert len(unmarked("e" + "\u0301" * 70)) == 5


@given(text=st.text(alphabet=st.characters(), max_size=200))
def test_whatever_comes_can_be_written_and_holds_no_tag(text):
    assert "<" not in str(shown(text))[len('<bdi dir="auto">') : -len("</bdi>")].replace(
        '<span class="code-point">', ""
    ).replace("</span>", "")
    for form in (unmarked(text), markdown(text), shown(text)):
        form.encode("utf-8")
        assert "\u202e" not in form
    assert "\n" not in markdown(text)
