import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from mmkp_core.data.post import Example, Post
from mmkp_core.prompts.answer import parse_answer
from mmkp_core.vlm.posts import Pictures, Posts, ask, most_pixels
from mmkp_core.vlm.spec import TINY, VlmSpec


def drawn(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(out, "PNG")
    return out.getvalue()


def example(image: str | None) -> Example:
    return Example(post=Post(post_id="1", text="words", keyphrases=("a b",), image=image), image_words="painted")


@pytest.mark.parametrize("size", [(3000, 10), (10, 3000), (900, 700), (5, 5), (1, 1)])
def test_any_picture_can_be_looked_at(student: Any, size: tuple[int, int]) -> None:
    """Vision towers refuse strips of 200 : 1; here they are set on a wider ground."""
    pictures = Pictures(lambda key: drawn(*size), 10_000)
    one = ask(example("x"), pictures, VlmSpec())
    assert one.image is not None
    assert one.image.width * one.image.height <= 10_000
    assert len(student.conversation.prompts([one], [5])) == 1


def test_a_picture_is_fetched_once() -> None:
    fetched = []

    def images(key: str) -> bytes:
        fetched.append(key)
        return drawn(20, 20)

    pictures = Pictures(images, 10_000)
    for _ in range(3):
        assert pictures.of(example("x").post) is not None
    assert fetched == ["x"]


@pytest.mark.parametrize(("data", "why"), [(None, "no bytes"), (b"<html>", "unreadable"), (b"", "unreadable")])
def test_a_post_whose_picture_cannot_be_had_is_asked_without_one(data: bytes | None, why: str) -> None:
    pictures = Pictures(lambda key: data, 10_000)
    one = ask(example("x"), pictures, VlmSpec())
    assert one.image is None
    assert not one.prompt.turn.image
    assert pictures.missing == {"x": why}


def test_what_each_modality_shows() -> None:
    pictures = Pictures(lambda key: drawn(20, 20), 10_000)
    said = {
        modalities: ask(example("x"), pictures, VlmSpec(modalities=modalities, image_words=True))
        for modalities in ("text+image", "text", "image")
    }
    assert [one.image is not None for one in said.values()] == [True, False, True]
    assert ["words" in one.prompt.turn.text for one in said.values()] == [True, True, False]
    assert ["painted" in one.prompt.turn.text for one in said.values()] == [True, False, True]


def test_what_was_read_from_the_picture_is_told_only_where_it_is_asked_for() -> None:
    pictures = Pictures(lambda key: drawn(20, 20), 10_000)
    post = replace(example("x"), attributes=("reddish",), entities=("a star",))

    def told(**settings: bool) -> list[bool]:
        text = ask(post, pictures, VlmSpec(**settings)).prompt.turn.text
        return [word in text for word in ("painted", "reddish", "a star")]

    assert told() == [False, False, False]
    assert told(image_words=True) == [True, False, False]
    assert told(visual_words=True) == [False, True, True]


def test_a_rationale_that_is_too_long_is_not_taught_and_the_answer_stays(student: Any, processor: Any) -> None:
    short = replace(example(None), rationale="Because of it.")
    long = replace(example(None), rationale="because " * 100)
    spec = VlmSpec(longest_answer=60)
    posts = Posts([short, long], Pictures(None, 10_000), student.conversation, spec)
    assert posts.reasoned == 1
    (piece,) = posts.batch(posts.lengths.argsort(kind="stable") * 0 + [0, 1]).pieces
    assert [bool(ids) for ids in piece.reasoned] == [True, False]
    assert parse_answer(processor.tokenizer.decode(piece.bare[1], skip_special_tokens=True)).phrases == ("a b",)
    told = parse_answer(processor.tokenizer.decode(piece.reasoned[0], skip_special_tokens=True))
    assert (told.phrases, told.reasoning) == (("a b",), "Because of it.")


def test_the_tiny_backbone_is_not_given_more_pixels_than_it_looks_at() -> None:
    assert most_pixels(VlmSpec(backbone=TINY)) == 84 * 84
    assert most_pixels(VlmSpec(backbone=TINY, image_pixels=2500)) == 2500
    assert most_pixels(VlmSpec(backbone="org/model", image_pixels=200_704)) == 200_704


def test_a_step_is_cut_into_micro_batches(student: Any) -> None:
    assert [len(piece.prompts) for piece in student.pieces(range(5), micro_batch=2).pieces] == [2, 2, 1]
