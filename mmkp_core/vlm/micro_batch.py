"""The posts of one training step, cut into micro-batches that go through the model at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # method specs stand beside their objectives, and a spec must not load torch
    import torch

    from mmkp_core.vlm.tokens import Prompts

Answers = Sequence[Sequence[int]]
"""Of each post, the tokens of an answer; none for a post that is not to answer."""


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """Posts that go through the model together, with both answers that each can learn."""

    prompts: "Prompts"
    bare: tuple[Sequence[int], ...]
    """Of each post, the tokens of its answer alone."""
    reasoned: tuple[Sequence[int], ...]
    """Of each post, the tokens of rationale and answer; empty where there is no rationale."""
    rationale_tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MicroBatches:
    """One step's posts."""

    parts: tuple[MicroBatch, ...]

    def to(self, device: "torch.device") -> "MicroBatches":
        return MicroBatches(tuple(replace(part, prompts=part.prompts.to(device)) for part in self.parts))
