"""The prompts themselves are held in tests/golden/prompts; running this file as a script writes them anew."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from mmkp_core.data.post import Example, Post
from mmkp_core.prompts.answer import parse_phrases
from mmkp_core.prompts.entities import entity_repair_turns, entity_turns
from mmkp_core.prompts.fence import fence_of
from mmkp_core.prompts.student import student_prompt
from mmkp_core.prompts.teacher import Mode, fence_in, repair_turns, teacher_turns
from mmkp_core.prompts.turns import Language, Turn
from mmkp_core.teacher.scripted_answers import sections_of

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "prompts"
HOSTILE = json.loads((GOLDEN / "hostile_posts.json").read_text())

EXAMPLE = Example(
    post=Post(
        post_id="7",
        text="Never thought i would enjoy board games, see you at the sale!\nWho is in?",
        keyphrases=("board games", "star sale"),
        image="ab" * 32,
    ),
    image_words="GRAND OPENING",
    attributes=("mostly white", "bright"),
    entities=("red star",),
)


def conversations() -> dict[str, tuple[Turn, ...]]:
    named = {}
    for language in get_args(Language):
        for mode in get_args(Mode):
            turns = teacher_turns(EXAMPLE, mode, language, EXAMPLE.post.image or "")
            named[f"teacher_{mode}_{language}"] = turns
        named[f"teacher_repair_{language}"] = repair_turns(turns, "Sure!", "not_json", language)
        named[f"entities_{language}"] = entity_turns("ab" * 32, 8, language)
        named[f"entities_repair_{language}"] = entity_repair_turns(named[f"entities_{language}"], "Sure!", language)
        named[f"student_{language}"] = (student_prompt(EXAMPLE, language, with_image=True).turn,)
    return named


def written(turns: tuple[Turn, ...]) -> str:
    return "\n".join(f"[{turn.role}{' + picture' if turn.image else ''}]\n{turn.text}\n" for turn in turns)


@pytest.mark.parametrize("name", sorted(conversations()))
def test_prompts_are_those_that_were_reviewed(name: str) -> None:
    assert written(conversations()[name]) == (GOLDEN / f"{name}.txt").read_text()


def test_every_reviewed_prompt_is_still_made() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(conversations())


def test_the_keyphrases_are_shown_in_one_mode_only() -> None:
    post = Post(post_id="1", text="what a night", keyphrases=("opera",))
    shown, hidden = (teacher_turns(Example(post=post), mode, "en") for mode in get_args(Mode))
    assert "opera" in shown[1].text
    assert "opera" not in "".join(turn.text for turn in hidden)


def test_the_first_turn_is_the_same_for_every_post() -> None:
    one, other = (teacher_turns(Example(post=Post(post_id="1", text=t)), "solve", "en") for t in ("a", "b"))
    assert one[0] == other[0]
    assert fence_in(one) != fence_in(other)


def test_the_same_question_has_the_same_bytes() -> None:
    assert teacher_turns(EXAMPLE, "solve", "en") == teacher_turns(EXAMPLE, "solve", "en")


def test_moving_a_letter_between_sections_changes_the_fence() -> None:
    assert fence_of([("text", "ab"), ("words", "c")]) != fence_of([("text", "a"), ("words", "bc")])


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile["kind"])
@pytest.mark.parametrize("mode", get_args(Mode))
def test_a_hostile_post_stays_inside_the_fence(hostile: dict[str, Any], mode: Mode) -> None:
    post = Post(post_id="1", text=hostile["text"], keyphrases=tuple(hostile["keyphrases"]))
    turns = teacher_turns(Example(post=post, image_words=hostile["image_words"]), mode, "en")
    asked, fence = turns[1].text, fence_in(turns)
    assert fence not in hostile["text"]
    expected = {"text", "end"} | ({"keyphrases"} if mode == "rationalise" else set())
    expected |= {"words in the picture"} if hostile["image_words"] else set()
    marks = [line for line in asked.split("\n") if line.startswith(f"<<{fence} ")]
    assert {mark[len(fence) + 3 : -2] for mark in marks} == expected
    assert len(marks) == len(expected)
    assert len(asked) < 12_000
    asked.encode()
    for special in ("<|", "|>", "<｜", "｜>", "<image>", "<think>", "</think>", "[INST]", "[/INST]", "\x1b", "\x00"):
        assert special not in asked
    if mode == "rationalise":
        assert parse_phrases(sections_of(asked)["keyphrases"]) == tuple(hostile["keyphrases"])


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile["kind"])
def test_a_hostile_post_writes_no_line_of_a_students_prompt(hostile: dict[str, Any]) -> None:
    post = Post(post_id="1", text=hostile["text"])
    prompt = student_prompt(Example(post=post, image_words=hostile["image_words"]), with_image=True)
    lines = prompt.turn.text.split("\n")
    assert len(lines) == len(prompt.spans) + 1
    assert lines[0].startswith("Post: ")
    assert lines[-1].startswith("Keyphrases of this post")


def test_a_students_prompt_says_where_its_pieces_stand() -> None:
    prompt = student_prompt(EXAMPLE, with_image=True)
    pieces = {name: prompt.turn.text[start:end] for name, (start, end) in prompt.spans.items()}
    assert pieces == {
        "text": "Never thought i would enjoy board games, see you at the sale! Who is in?",
        "image_words": "GRAND OPENING",
        "seen": "red star, mostly white, bright",
    }


def test_an_empty_post_still_has_its_line() -> None:
    prompt = student_prompt(Example(post=Post(post_id="1", text="")), "zh", with_image=False)
    assert prompt.turn.text.startswith("帖子：\n")
    assert not prompt.turn.image


if __name__ == "__main__":
    for file_name, made in conversations().items():
        (GOLDEN / f"{file_name}.txt").write_text(written(made))
