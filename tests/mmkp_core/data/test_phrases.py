import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.phrases import distinct, is_present, is_seen, join_phrases, label_forms, split_phrases
from mmkp_core.data.text import normal_form, source_form


def test_a_field_is_split_at_semicolons() -> None:
    assert split_phrases("charge on; american hoops ;;") == ("charge on", "american hoops")


def test_joining_makes_one_line_of_anything() -> None:
    assert join_phrases(["a;b", "c\nd", " ", "e\u2028f", "got"]) == "a b;c d;e f;got"


@given(st.lists(st.text(min_size=1).map(lambda text: " ".join(text.split())).filter(bool)))
def test_what_is_joined_is_one_line(phrases: list[str]) -> None:
    line = join_phrases(phrases)
    assert len(line.splitlines()) <= 1
    assert join_phrases(split_phrases(line)) == line


def test_the_first_of_equal_phrases_stays() -> None:
    assert distinct(["Cats", "cat", "dogs", "CATS", "dog house"]) == ("Cats", "dogs", "dog house")


@given(st.lists(st.sampled_from(["cat", "cats", "run", "running", "runs", "a b"])))
def test_distinct_phrases_differ_in_normal_form(phrases: list[str]) -> None:
    forms = [normal_form(phrase) for phrase in distinct(phrases)]
    assert len(forms) == len(set(forms))
    assert set(forms) == {normal_form(phrase) for phrase in phrases}


@pytest.mark.parametrize(
    ("phrase", "present"),
    [
        ("cricket world cup", True),
        ("cricket world cups", True),  # stems are compared
        ("world cricket", False),  # one run, in this order
        ("cricket cup", False),
        ("crick", False),  # whole words
        ("", False),
        ("the", True),
        ("final", True),
    ],
)
def test_a_phrase_is_present_as_one_run_of_words(phrase: str, present: bool) -> None:
    assert is_present(phrase, source_form("the cricket world cup finals")) is present


def test_seen_means_a_label_of_training_in_normal_form() -> None:
    labels = label_forms([("Monday Motivation", "cats"), ("got",)])
    assert is_seen("monday motivations", labels)
    assert not is_seen("motivation", labels)
