"""What makes one classic system differ from another?"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le, Lt

from mmkp_core.training.spec import TrainingSpec
from mmkp_core.spec import spec

Fusion = Literal["none", "image_asks_text", "each_asks_others"]
Handover = Literal["none", "normalised", "as_released"]


@spec
class DecodeSpec:
    """How phrases are read out of a trained generator."""

    beam: Annotated[int, Ge(1), Le(100)] = 10
    """Beginnings that are followed at once."""
    steps: Annotated[int, Ge(2), Le(50)] = 6
    """Most words of a phrase, its end sign included."""
    keep: Annotated[int, Ge(1), Le(50)] = 5
    """Phrases given for a post."""


_TRAINING = TrainingSpec()
_HANDOVER_TRAINING = TrainingSpec(epochs=5, learning_rate=1e-4)
_DECODING = DecodeSpec()


@spec
class ClassicSpec:
    """A recurrent keyphrase model: what it reads, how it joins text and image, what it answers with."""

    image_words: bool = True
    """Read the words found in the image after the post's own."""
    entities: bool = False
    """Read the image's visual entities after those."""
    fusion: Fusion = "none"
    """How other modalities reach the answer. image_asks_text: the mean of the image's cells attends over the words.
    each_asks_others: the means of words, cells and attributes each attend over the other two."""
    classifier: bool = False
    """Answer with one of the training phrases as well; needs a fusion."""
    handover: Handover = "none"
    """Whether the generator, in a second phase, can copy the words of the classifier's best phrases: beside the text's
    words with shares that add up to one (normalised), or both in full, so that the sum exceeds one (as_released)."""
    blind: bool = False
    """Withhold the image's vectors and attributes, in training and prediction: shows what they add. Words read in
    the image stay."""

    words: Annotated[int, Ge(1), Le(1_000_000)] = 45_000
    """Most frequent words that are known."""
    copied_strangers: Annotated[int, Ge(0), Le(1000)] = 15
    """Distinct unknown words of a post that can be copied."""
    longest_text: Annotated[int, Ge(1), Le(100_000)] = 2000
    """Words of a post that are read; the longest published post has 1,090."""
    word_size: Annotated[int, Ge(1), Le(4096)] = 200
    """Numbers per word vector."""
    hidden: Annotated[int, Ge(2), Le(4096)] = 300
    """Numbers per state; even, one half for each reading direction."""
    layers: Annotated[int, Ge(1), Le(8)] = 2
    """Layers of the encoder."""
    heads: Annotated[int, Ge(1), Le(64)] = 4
    """Heads of the attention between modalities."""
    head_size: Annotated[int, Ge(1), Le(1024)] = 128
    """Numbers per head."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1
    """Share of numbers left out at random while training."""
    handover_classes: Annotated[int, Ge(1), Le(100)] = 5
    """Best phrases of the classifier whose words the generator can copy."""

    training: TrainingSpec = _TRAINING
    """Training of everything but the hand-over."""
    handover_training: TrainingSpec = _HANDOVER_TRAINING
    """Training of the generator with the hand-over, encoder and classifier frozen; in the first phase's precision."""
    decoding: DecodeSpec = _DECODING
    """How phrases are generated."""
