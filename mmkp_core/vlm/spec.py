"""The settings of one vision-language system.

A spec names a method with its own settings, a backbone, an adapter and a training. Where a paper leaves a choice
open, the choice is a field of the method's spec and its value is ours, never "the paper's".
"""

from dataclasses import field
from typing import Annotated

from annotated_types import Ge, Le

from mmkp_core.prompts.turns import Language
from mmkp_core.spec import spec
from mmkp_core.training.spec import TrainingSpec
from mmkp_core.vlm.methods.sft import Sft
from mmkp_core.vlm.methods.table import Method
from mmkp_core.vlm.settings import TINY, GenerationSpec, LoraSpec, Modalities


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
    """Posts that go through the model at once; a step is cut into micro-batches of this size."""
    training: TrainingSpec = field(
        default=TrainingSpec(
            epochs=3, batch_size=32, learning_rate=4e-3, clip=1.0, schedule="cosine", warmup=0.03, patience=0
        )
    )
    """The training loop's settings."""
    generation: GenerationSpec = field(default=GenerationSpec())
    """Its answers: beams and lengths."""
