import io
from typing import Any

import pytest
from PIL import Image

from mmkp_core.data.post import Example, Post
from mmkp_core.prompts.student import student_prompt
from mmkp_core.vlm.conversation import ShownPost
from mmkp_core.vlm.pictures import Pictures

POST = Post(post_id="1", text="words", image="x")


def drawn(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("size", [(3000, 10), (10, 3000), (900, 700), (5, 5), (1, 1)])
def test_any_picture_can_be_looked_at(student: Any, size: tuple[int, int]) -> None:
    """Vision towers refuse strips of 200 : 1; here they are set on a wider ground."""
    picture = Pictures(lambda key: drawn(*size), 10_000).of(POST)
    assert picture is not None
    assert picture.width * picture.height <= 10_000
    shown = ShownPost(student_prompt(Example(post=POST), with_image=True), picture)
    assert len(student.conversation.prompts([shown], [5])) == 1


def test_a_picture_is_fetched_once() -> None:
    fetched = []

    def images(key: str) -> bytes:
        fetched.append(key)
        return drawn(20, 20)

    pictures = Pictures(images, 10_000)
    for _ in range(3):
        assert pictures.of(POST) is not None
    assert fetched == ["x"]


@pytest.mark.parametrize(("data", "why"), [(None, "no bytes"), (b"<html>", "unreadable"), (b"", "unreadable")])
def test_a_picture_that_cannot_be_had_is_counted_with_its_reason(data: bytes | None, why: str) -> None:
    pictures = Pictures(lambda key: data, 10_000)
    assert pictures.of(POST) is None
    assert pictures.missing == {"x": why}
