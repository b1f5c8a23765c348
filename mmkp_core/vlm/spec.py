"""What of a vision-language run changes its result?

A spec names a method with its own settings, a backbone, an adapter and a training. Where a paper leaves a choice
open, the choice is a field here and its value is ours, never "the paper's".
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt

from mmkp_core.prompts.turns import Language
from mmkp_core.training.spec import TrainingSpec
from mmkp_core.spec import spec

TINY = "tiny"

Modalities = Literal["text+image", "text", "image"]
Average = Literal["per_sample", "per_token"]
Fallback = Literal["sft", "leave_out"]



@spec
class ZeroShot:
    """No training: the backbone answers as it is."""

    method: Literal["zero-shot"] = "zero-shot"


@spec
class Sft:
    """Supervised fine-tuning: the loss of the answer's tokens."""

    method: Literal["sft"] = "sft"
    loss_average: Average = "per_sample"
    """Over what a step's loss is averaged: posts, or tokens (then posts with long answers weigh more)."""


@spec
class FinetuneCot:
    """Fine-tune-CoT: the loss of the teacher's rationale and the answer, for every post that has a rationale."""

    method: Literal["finetune-cot"] = "finetune-cot"
    loss_average: Average = "per_sample"
    """Over what a step's loss is averaged: posts, or tokens (then long rationales weigh more)."""
    no_cot_available: Fallback = "sft"
    """A post without an accepted rationale: learn its bare answer, or leave it out."""


@spec
class DynamicCot:
    """Dynamic CoT: the loss of the bare answer decides whether a post is learned with its rationale."""

    method: Literal["dynamic-cot"] = "dynamic-cot"
    gate_direction: Literal["above", "below"] = "above"
    """Which posts get their rationale: those whose loss is above gamma (the hard ones), or below."""
    gate_granularity: Literal["sample", "micro_batch", "global_batch"] = "sample"
    """Whether each post is decided by its own loss, or together by the mean loss of its micro-batch or step."""
    gate_reduction: Literal["token_mean", "sum"] = "token_mean"
    """A post's loss at the gate: mean or sum over its answer's tokens; a sum is larger for many phrases."""
    gamma: float = 0.5
    """The gate, in nats. It does not carry over between tokenizers: see the logged `gamma_quantile`."""
    warmup_steps: Annotated[int, Ge(0), Le(1_000_000)] = 0
    """Steps of plain supervised fine-tuning before the gate opens; an untrained student finds every post hard."""
    loss_mix: Literal["switch", "sum"] = "switch"
    """A gated post's loss: that of rationale and answer in place of the bare answer's, or both added."""
    loss_average: Average = "per_sample"
    """Over what a step's loss is averaged: posts, or tokens (then long rationales weigh more)."""
    no_cot_available: Fallback = "sft"
    """A post without an accepted rationale: learn its bare answer, or leave it out."""


Method = ZeroShot | Sft | FinetuneCot | DynamicCot


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


@spec
class VlmSpec:
    """One vision-language system: what is fine-tuned, how, and how it answers."""

    method: Method = field(default=Sft())
    """How it learns."""
    backbone: str = TINY
    """`tiny` (ships with the project), a model's name on the Hugging Face hub, or a local folder."""
    revision: str = ""
    """Commit, tag or branch of a hub model; empty: the newest."""
    modalities: Modalities = "text+image"
    """What of a post is shown: all; its own words only; or its image (and what was read from it) only."""
    image_words: bool = False
    """Put the words found in the image beside it, for backbones that cannot read small print."""
    visual_words: bool = False
    """Put the image's entities and attributes beside it."""
    language: Language = "en"
    """Language of the question."""
    lora: LoraSpec = field(default=LoraSpec())
    """The adapter that is trained."""
    image_pixels: Annotated[int, Ge(784), Le(16_777_216)] = 200_704
    """Most pixels of an image, width times height; a larger one is scaled down. 200,704 is 448 x 448."""
    longest: Annotated[int, Ge(64), Le(131_072)] = 1024
    """Most tokens of a prompt with its answer. A longer post loses words at its end; an answer is never cut."""
    longest_answer: Annotated[int, Ge(8), Le(65_536)] = 512
    """Most tokens of an answer with its rationale. A longer rationale is not used; a post whose bare answer is
    longer is left out of training and counted."""
    micro_batch: Annotated[int, Ge(1), Le(4096)] = 16
    """Posts that go through the model at once; a step is cut into pieces of this size."""
    training: TrainingSpec = field(
        default=TrainingSpec(
            epochs=3, batch_size=32, learning_rate=4e-3, clip=1.0, schedule="cosine", warmup=0.03, patience=0
        )
    )
    """The training loop's settings."""
    generation: GenerationSpec = field(default=GenerationSpec())
    """Its answers: beams and lengths."""
