"""What does a model say of each post? Answers in batches, phrases in the order in which they were written."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from mmkp_core.prompts.answer import Answer, parse_answer
from mmkp_core.learning import Progress, Report
from mmkp_core.vlm.backbone import Vlm
from mmkp_core.vlm.conversation import Ask, Conversation, with_answers
from mmkp_core.vlm.spec import GenerationSpec

Clock = Callable[[], float]

_STEP = re.compile(r"[.!?;。！？；]+(?=\s|$)|[。！？；]|\n+")


@dataclass(frozen=True, slots=True)
class Said:
    """A model's answer to one post."""

    text: str
    answer: Answer
    tokens: int
    """Written, with the mark that ends an answer."""
    steps: int
    """Sentences of reasoning; 0 for an answer without."""
    seconds: float
    """Of the batch in which it was written, divided by the posts in it."""


def generate(
    vlm: Vlm,
    conversation: Conversation,
    asks: Sequence[Callable[[], Ask]],
    lengths: Sequence[int],
    spec: GenerationSpec,
    clock: Clock,
    report: Report,
) -> list[Said]:
    """Answers in the order of `asks`; posts of near lengths are answered together, and each is made when it is due."""
    answers: dict[int, Said] = {}
    for chosen in _batches(lengths, spec.batch_size):
        started = clock()
        texts, tokens = _write(vlm, conversation, [asks[i]() for i in chosen], spec)
        seconds = (clock() - started) / len(chosen)
        for i, text, count in zip(chosen, texts, tokens, strict=True):
            answer = parse_answer(text)
            answers[i] = Said(text, answer, count, reasoning_steps(answer.reasoning), seconds)
        report(Progress(len(answers), len(asks)))
    return [answers[i] for i in range(len(asks))]


def reasoning_steps(reasoning: str | None) -> int:
    """Sentences or lines, whichever way a model sets its steps apart."""
    return sum(bool(part.strip()) for part in _STEP.split(reasoning)) if reasoning else 0


def _batches(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
    return (order[at : at + size] for at in range(0, len(order), size))


def _write(
    vlm: Vlm, conversation: Conversation, asks: Sequence[Ask], spec: GenerationSpec
) -> tuple[list[str], list[int]]:
    prompts = conversation.prompts(asks, [spec.max_tokens] * len(asks)).to(vlm.device)
    inputs = with_answers(prompts, [()] * len(asks)).to(vlm.device).inputs
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
