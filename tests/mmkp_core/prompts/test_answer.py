import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.prompts.answer import Answer, clean_phrase, parse_answer, parse_phrases, render_answer


def test_an_answer_is_one_line_of_phrases() -> None:
    assert render_answer(["red star", "chess"]) == "red star; chess"
    assert parse_answer("red star; chess") == Answer(("red star", "chess"))


def test_reasoning_stands_before_the_answer() -> None:
    text = render_answer(["chess"], "A board is shown.")
    assert text == "<think>A board is shown.</think>\nchess"
    assert parse_answer(text) == Answer(("chess",), "A board is shown.")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", Answer(())),
        ("  \n ", Answer(())),
        (";;;", Answer(())),
        ("<think>no end in sight", Answer((), "no end in sight", complete=False)),
        ("<think>", Answer((), "", complete=False)),
        ("<think>a</think>", Answer((), "a")),
        ("opened by the template</think>chess", Answer(("chess",), "opened by the template")),
        ("<think>one</think>two</think>chess", Answer(("chess",), "one two")),
        ("<THINK>a</Think>\n\nchess", Answer(("chess",), "a")),
    ],
)
def test_whatever_a_model_writes_is_read(text: str, answer: Answer) -> None:
    assert parse_answer(text) == answer


@pytest.mark.parametrize(
    ("line", "phrases"),
    [
        ("#chess; #Red Star", ("chess", "Red Star")),
        ("Keyphrases: chess; opera", ("chess", "opera")),
        ("关键短语：象棋；歌剧", ("象棋", "歌剧")),
        ("1. chess\n2. opera", ("chess", "opera")),
        ("1. fc köln", ("1. fc köln",)),
        ("- chess\n- opera", ("chess", "opera")),
        ('"chess"; “opera”', ("chess", "opera")),
        ("chess; Chess; CHESS", ("chess",)),
        ("10 years challenge; 5 a day", ("10 years challenge", "5 a day")),
        ("👩‍👩‍👧; ❤️", ("👩‍👩‍👧", "❤️")),
        ("\ud83d; chess", ("?", "chess")),
    ],
)
def test_lists_are_read_in_every_guise(line: str, phrases: tuple[str, ...]) -> None:
    assert parse_phrases(line) == phrases


def test_a_separator_inside_a_phrase_becomes_a_blank() -> None:
    assert render_answer(["a;b", "c\nd", " ", "<think>x</think>"]) == "a b; c d; x"


plain_phrases = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).map(clean_phrase).filter(bool), max_size=6
)


@given(plain_phrases, st.one_of(st.none(), st.text(max_size=80)))
def test_reading_twice_reads_the_same(phrases: list[str], reasoning: str | None) -> None:
    """Not every phrase survives (a leading hash is a hashtag's), but what is read once is stable and one line."""
    read = parse_answer(render_answer(phrases, reasoning))
    assert parse_answer(render_answer(read.phrases, read.reasoning)).phrases == parse_phrases(
        render_answer(read.phrases)
    )
    assert (read.reasoning is None) == (reasoning is None)
    assert all("\n" not in phrase and ";" not in phrase for phrase in read.phrases)


@given(st.lists(st.from_regex(r"[a-z]{1,8}( [a-z0-9]{1,8}){0,2}", fullmatch=True), unique=True, max_size=8))
def test_ordinary_phrases_come_back_as_they_were(phrases: list[str]) -> None:
    assert parse_answer(render_answer(phrases)).phrases == tuple(phrases)
    assert parse_answer(render_answer(phrases, "because")).phrases == tuple(phrases)


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    assert isinstance(parse_answer(text), Answer)
