"""Settings that every vision-language method shares: backbone, adapter, generation."""

from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from mmkp_core.spec import spec

TINY = "tiny"
"""The backbone that ships with the project."""
TINY_WEIGHTS = Path(__file__).parent / "tiny_weights"

Modalities = Literal["text+image", "text", "image"]
Average = Literal["per_sample", "per_token"]
Fallback = Literal["sft", "leave_out"]


@spec
class LoraSpec:
    """The adapter: low-rank changes to the language model's linear layers; the vision tower stays as it is."""

    rank: Annotated[int, Ge(1), Le(1024)] = 16
    """Rank of the changes."""
    alpha: Annotated[float, Gt(0), Le(4096)] = 32.0
    """Scale of the changes; they are multiplied by alpha / rank."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Share of the adapter's inputs set to zero in training."""
    target: Literal["language-linear"] = "language-linear"
    """Which layers: every linear layer of the language model, its output head left out."""


@spec
class GenerationSpec:
    """How answers are written."""

    beams: Annotated[int, Ge(1), Le(64)] = 1
    """Beam width; 1 takes the likeliest token each time."""
    max_tokens: Annotated[int, Ge(1), Le(4096)] = 160
    """Most tokens of an answer with its reasoning; reasoning that does not end by then leaves no phrases."""
    batch_size: Annotated[int, Ge(1), Le(4096)] = 32
    """Posts answered together."""
