"""What all methods share: losses of answers, summed and divided as the spec says, and the figures logged with them.

A method chooses which tokens each post is to answer; what follows from that is the same for every method, which
is why their limiting cases coincide to the last bit.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

from mmkp_core.training.objective import Backward, Objective, StepNumbers
from mmkp_core.vlm.micro_batch import Answers, MicroBatch, MicroBatches
from mmkp_core.vlm.settings import Average, Fallback

if TYPE_CHECKING:  # method specs stand beside their objectives, and a spec must not load torch
    from torch import Tensor, nn

    from mmkp_core.vlm.backbone import Vlm


class MethodObjective(Objective[MicroBatches]):
    """The objective of one method; a method says what is learned of a step's posts."""

    def __init__(self, vlm: "Vlm", average: Average) -> None:
        self._vlm = vlm
        self._average = average

    @abstractmethod
    def learn(self, step: "VlmStep", batch: MicroBatches) -> None:
        """Add the losses of the step's posts to `step`."""

    @final
    def step(self, model: "nn.Module", batch: MicroBatches, backward: Backward) -> StepNumbers:
        return self._numbers(VlmStep(self._vlm, model, self._average, backward), batch)

    @final
    def measure(self, model: "nn.Module", batch: MicroBatches) -> StepNumbers:
        return self._numbers(VlmStep(self._vlm, model, self._average, None), batch)

    @final
    def criterion(self, means: Mapping[str, float]) -> float:
        return means["loss"]

    def _numbers(self, step: "VlmStep", batch: MicroBatches) -> StepNumbers:
        self.learn(step, batch)
        return step.numbers()


@final
class VlmStep:
    """One step under way: what its losses add up to. Without `backward` it is only measured."""

    def __init__(self, vlm: "Vlm", model: "nn.Module", average: Average, backward: Backward | None) -> None:
        self.model = model
        self.backward = backward
        self._vlm = vlm
        self._average = average
        self._posts = 0
        self._tokens = 0
        self._rationale_tokens = 0
        self._loss = 0.0
        self._further: dict[str, tuple[float, float]] = {}

    def encode_images(self, part: MicroBatch) -> Mapping[str, Any]:
        """What the vision tower makes of the pictures; once for all answers to the same posts."""
        return self._vlm.encode_images(part.prompts.pictures)

    def add_answer_loss(
        self, part: MicroBatch, images: Mapping[str, Any], answers: Answers, *, second: bool = False
    ) -> None:
        """Add the loss of these answers, one a post; a post with an empty one is left out.

        A `second` answer of posts that already gave one does not count them again.
        """
        if not any(answers):
            return
        sums_B, tokens_B = self._vlm.answer_losses(self.model, part.prompts, answers, images)
        means_B = sums_B / tokens_B.clamp(min=1)
        if self.backward is not None:
            self.backward((means_B if self._average == "per_sample" else sums_B).sum())
        self._loss += float(means_B.detach().sum())
        self._tokens += int(tokens_B.sum())
        for answer, reasoned, extra in zip(answers, part.reasoned, part.rationale_tokens, strict=True):
            self._posts += bool(answer) and not second
            self._rationale_tokens += extra if answer and answer is reasoned else 0

    def bare_losses(self, part: MicroBatch, images: Mapping[str, Any]) -> "tuple[Tensor, Tensor]":
        """Of each post, the summed loss of its bare answer and the number of its tokens; no dropout, no gradient."""
        return self._vlm.losses_without_dropout(self.model, part.prompts, part.bare, images)

    def count(self, name: str, total: float, over: float) -> None:
        """Log a further figure: the quotient of what `total` and `over` add up to."""
        before = self._further.get(name, (0.0, 0.0))
        self._further[name] = (before[0] + total, before[1] + over)

    def numbers(self) -> StepNumbers:
        sums = {
            "loss": (self._loss, float(self._posts)),
            "answer_tokens": (float(self._tokens - self._rationale_tokens), float(self._posts)),
            "rationale_tokens": (float(self._rationale_tokens), float(self._posts)),
        }
        divisor = self._posts if self._average == "per_sample" else self._tokens
        return StepNumbers({name: pair for name, pair in {**sums, **self._further}.items() if pair[1]}, float(divisor))


def reasoned_answers(part: MicroBatch, fallback: Fallback) -> Sequence[Sequence[int]]:
    """Rationale and answer of each post; without a rationale the bare answer, or nothing."""
    instead = part.bare if fallback == "sft" else ((),) * len(part.bare)
    return [reasoned or bare for reasoned, bare in zip(part.reasoned, instead, strict=True)]
