from typing import Any

import pytest

from mmkp_core.vlm.generate import generate, reasoning_steps
from mmkp_core.vlm.pictures import Pictures
from mmkp_core.vlm.settings import GenerationSpec
from mmkp_core.vlm.shown import shown_post
from mmkp_core.vlm.spec import VlmSpec


def answers_of(student: Any, examples: Any, images: Any, **settings: Any) -> Any:
    spec = VlmSpec()
    pictures = Pictures(images, spec.image_pixels)
    ticks = iter(range(1000))
    return generate(
        student.vlm,
        student.conversation,
        [lambda e=example: shown_post(e, pictures, spec) for example in examples],
        [len(example.post.text) for example in examples],
        GenerationSpec(max_tokens=12, **settings),
        lambda: float(next(ticks)),
        lambda progress: None,
    )


@pytest.mark.parametrize("beams", [1, 3])
def test_answers_stand_in_the_order_of_the_posts_however_they_are_batched(
    student: Any, examples: Any, image_bytes: Any, beams: int
) -> None:
    student.vlm.model.eval()
    one_by_one = answers_of(student, examples, image_bytes, batch_size=1, beams=beams)
    together = answers_of(student, examples, image_bytes, batch_size=3, beams=beams)
    assert [answer.written.text for answer in one_by_one] == [answer.written.text for answer in together]
    assert [answer.written.tokens for answer in one_by_one] == [answer.written.tokens for answer in together]
    assert len({answer.written.text for answer in together}) > 1


def test_seconds_are_shared_between_the_posts_of_a_batch(student: Any, examples: Any, image_bytes: Any) -> None:
    student.vlm.model.eval()
    answers = answers_of(student, examples[:4], image_bytes, batch_size=4)
    assert [answer.written.seconds for answer in answers] == [0.25] * 4  # one tick of the clock a batch


def test_an_answer_is_at_most_as_long_as_the_spec_says(student: Any, examples: Any, image_bytes: Any) -> None:
    student.vlm.model.eval()
    assert all(1 <= answer.written.tokens <= 12 for answer in answers_of(student, examples, image_bytes))


@pytest.mark.parametrize(
    ("reasoning", "steps"),
    [
        (None, 0),
        ("", 0),
        ("The image shows a red star.", 1),
        ("The image shows a star. The text says sale, which leads to star sale.", 2),
        ("first\nsecond\n\nthird", 3),
        ("图片里有一颗星。文字提到促销。", 2),
        ("version 2.5 of it", 1),
    ],
)
def test_steps_are_sentences_or_lines(reasoning: str | None, steps: int) -> None:
    assert reasoning_steps(reasoning) == steps
