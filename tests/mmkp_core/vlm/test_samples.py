from dataclasses import replace
from typing import Any

import numpy as np

from mmkp_core.data.post import Example, Post
from mmkp_core.prompts.answer import parse_answer
from mmkp_core.vlm.pictures import Pictures
from mmkp_core.vlm.samples import VlmSamples
from mmkp_core.vlm.spec import VlmSpec

EXAMPLE = Example(post=Post(post_id="1", text="words", keyphrases=("a b",)))


def test_a_rationale_that_is_too_long_is_not_learned_and_the_answer_stays(student: Any, processor: Any) -> None:
    short = replace(EXAMPLE, rationale="Because of it.")
    long = replace(EXAMPLE, rationale="because " * 100)
    spec = VlmSpec(longest_answer=60)
    samples = VlmSamples([short, long], Pictures(None, 10_000), student.conversation, spec)
    assert samples.with_rationale == 1
    (part,) = samples.batch(np.array([0, 1])).parts
    assert [bool(ids) for ids in part.reasoned] == [True, False]
    assert parse_answer(processor.tokenizer.decode(part.bare[1], skip_special_tokens=True)).phrases == ("a b",)
    learned = parse_answer(processor.tokenizer.decode(part.reasoned[0], skip_special_tokens=True))
    assert (learned.phrases, learned.reasoning) == (("a b",), "Because of it.")


def test_a_step_is_cut_into_micro_batches(student: Any) -> None:
    assert [len(part.prompts) for part in student.batch(range(5), micro_batch=2).parts] == [2, 2, 1]
