"""Lets a model answer posts in batches, each answer with its phrases in the order in which they were written."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from mmkp_core.data.post import Written
from mmkp_core.learning import Progress, Report
from mmkp_core.prompts.answer import parse_answer
from mmkp_core.vlm.backbone import Vlm
from mmkp_core.vlm.conversation import Conversation, ShownPost
from mmkp_core.vlm.settings import GenerationSpec
from mmkp_core.vlm.tokens import with_answers

Clock = Callable[[], float]

_STEP = re.compile(r"[.!?;。！？；]+(?=\s|$)|[。！？；]|\n+")


@dataclass(frozen=True, slots=True)
class Generated:
    """A model's answer to one post."""

    phrases: tuple[str, ...]
    written: Written


def generate(
    vlm: Vlm,
    conversation: Conversation,
    posts: Sequence[Callable[[], ShownPost]],
    lengths: Sequence[int],
    spec: GenerationSpec,
    clock: Clock,
    report: Report,
) -> list[Generated]:
    """Answers in the order of `posts`; posts of near lengths are answered together, and each is made when it is due."""
    answers: dict[int, Generated] = {}
    for chosen in _batches(lengths, spec.batch_size):
        started = clock()
        texts, tokens = _write(vlm, conversation, [posts[i]() for i in chosen], spec)
        seconds = (clock() - started) / len(chosen)
        for i, text, count in zip(chosen, texts, tokens, strict=True):
            answers[i] = _generated(text, count, seconds)
        report(Progress(len(answers), len(posts)))
    return [answers[i] for i in range(len(posts))]


def reasoning_steps(reasoning: str | None) -> int:
    """Sentences or lines, whichever way a model sets its steps apart."""
    return sum(bool(part.strip()) for part in _STEP.split(reasoning)) if reasoning else 0


def _batches(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
    return (order[at : at + size] for at in range(0, len(order), size))


def _write(
    vlm: Vlm, conversation: Conversation, posts: Sequence[ShownPost], spec: GenerationSpec
) -> tuple[list[str], list[int]]:
    """Of each post the text of its answer, and how many tokens it has with the mark that ends it."""
    prompts = conversation.prompts(posts, [spec.max_tokens] * len(posts)).to(vlm.device)
    inputs = with_answers(prompts, [()] * len(posts)).to(vlm.device).inputs
    ending = conversation.ending_ids
    with torch.inference_mode():
        written = vlm.model.generate(
            **inputs,
            **vlm.pixels(prompts.pictures),
            max_new_tokens=spec.max_tokens,
            do_sample=False,
            num_beams=spec.beams,
            eos_token_id=ending,
            pad_token_id=prompts.pad,
        )[:, inputs["input_ids"].shape[1] :]
    ended_BL = torch.isin(written, torch.tensor(ending, device=written.device)).cumsum(dim=1)
    counts = (ended_BL == 0).sum(dim=1) + (ended_BL.amax(dim=1) > 0).long()
    return conversation.decode(written), [int(count) for count in counts]


def _generated(text: str, tokens: int, seconds: float) -> Generated:
    answer = parse_answer(text)
    steps = reasoning_steps(answer.reasoning)
    written = Written(text=text, reasoning=answer.reasoning, tokens=tokens, steps=steps, seconds=seconds)
    return Generated(answer.phrases, written)
