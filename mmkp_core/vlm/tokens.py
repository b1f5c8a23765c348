"""Prompts as tokens, and answers set behind them.

Letters of tensor names: B posts, L tokens (padded on the left, so that answers end together).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Prompts:
    """Several posts as tokens, before any answer."""

    rows: tuple[Mapping[str, Tensor], ...]
    """Of each post one tensor of L figures for every input that has one per token."""
    pictures: Mapping[str, Tensor]
    """What the vision tower takes, of all posts together; empty where no post has a picture."""
    text: tuple[Tensor, ...]
    """Of each post, which of its tokens are the post's own words."""
    pad: int
    cut: tuple[int, ...] = ()
    """Which rows lost words."""

    def __len__(self) -> int:
        return len(self.rows)

    def to(self, device: torch.device) -> "Prompts":
        """Pictures on the device; tokens stay behind, for they go over as whole batches, with answers."""
        return replace(self, pictures={name: value.to(device) for name, value in self.pictures.items()})


@dataclass(frozen=True, slots=True)
class AnsweredPrompts:
    """Prompts with answers behind them, as a model takes them."""

    inputs: Mapping[str, Tensor]
    loss_BL: Tensor
    """True for the tokens of the answer and of the mark that ends it."""
    text_BL: Tensor
    """True for the post's own words."""
    kept: int
    """How many last positions need logits: those that predict a token with loss."""

    def to(self, device: torch.device) -> "AnsweredPrompts":
        inputs = {name: value.to(device) for name, value in self.inputs.items()}
        return AnsweredPrompts(inputs, self.loss_BL.to(device), self.text_BL.to(device), self.kept)


def with_answers(prompts: Prompts, answers: Sequence[Sequence[int]]) -> AnsweredPrompts:
    """Prompts and answers as one padded batch; an empty answer leaves the prompt open for the model to go on."""
    rows = []
    for row, answer in zip(prompts.rows, answers, strict=True):
        ids = row["input_ids"]
        tokens = {name: torch.zeros(len(answer), dtype=value.dtype) for name, value in row.items()}
        tokens["input_ids"] = torch.tensor(answer, dtype=ids.dtype)
        tokens["attention_mask"] = torch.ones_like(tokens["input_ids"])
        rows.append({name: torch.cat((value, tokens[name])) for name, value in row.items()})
    length = max(len(row["input_ids"]) for row in rows)
    inputs = {
        name: torch.stack([_padded(row[name], length, prompts.pad if name == "input_ids" else 0) for row in rows])
        for name in rows[0]
    }
    loss_BL = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    text_BL = torch.zeros_like(loss_BL)
    for i, (text, answer) in enumerate(zip(prompts.text, answers, strict=True)):
        loss_BL[i, length - len(answer) :] = bool(answer)
        text_BL[i, length - len(answer) - len(text) : length - len(answer)] = text
    return AnsweredPrompts(inputs, loss_BL, text_BL, kept=max(map(len, answers)) + 1)


def _padded(values: Tensor, length: int, filler: int) -> Tensor:
    return torch.nn.functional.pad(values, (length - len(values), 0), value=filler)
