"""Writers: how phrases are generated word by word, and what can be copied."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MultipleOf

from mmkp_core.spec import spec

TopicPlace = Literal["words", "attention", "output", "switch"]


@spec
class CopySpec:
    """Copying words of the text."""

    oov: Annotated[int, Ge(0), Le(1000)] = 15
    """Distinct words of a post outside the vocabulary that can be copied."""


@spec
class HandoverSpec:
    """Copying words of the classifier's best phrases as well."""

    classes: Annotated[int, Ge(1), Le(100)] = 5
    """Best phrases whose words can be copied."""
    shares: Literal["normalised", "as_released"] = "normalised"
    """Beside the text's words with shares that add up to one (normalised), or both in full, so that the sum exceeds
    one (as_released)."""


@spec
class CopyingSpec:
    """What a writer with additive attention over the words of the text can copy."""

    copying: CopySpec | None = CopySpec()
    """What it copies of the text; none: it only generates."""
    handover: HandoverSpec | None = None
    """What it copies of the classifier's phrases, in a stage of training of its own; needs copying and a classifier."""
    topics: tuple[TopicPlace, ...] = ()
    """Where it reads the topics of the post: beside each word that it has written, in its attention, where it generates
    a word, where it decides between generating and copying; needs topics."""


@spec
class SequenceSpec(CopyingSpec):
    """What a writer that reads its words one after another writes as one sequence."""

    target: Literal["each", "all"] = "each"
    """Each keyphrase of a post by itself, or all of them one after another, those of its text first (One2Seq)."""


@spec
class GruWriterSpec(SequenceSpec):
    """A GRU."""

    kind: Literal["gru"] = "gru"
    """Which writer."""


@spec
class FeedingGruWriterSpec(SequenceSpec):
    """A GRU that reads with each word what its attention found before it (input feeding): the writer of MM-MKP."""

    kind: Literal["feeding_gru"] = "feeding_gru"
    """Which writer."""


@spec
class LayersSpec:
    """The layers of a Transformer writer: layer norms before its parts, positions by sines."""

    layers: Annotated[int, Ge(1), Le(48)] = 3
    """Layers of attention."""
    heads: Annotated[int, Ge(1), Le(64)] = 4
    """Heads of each; they share `hidden` evenly."""
    inner: Annotated[int, Ge(1), Le(65_536)] = 1200
    """Numbers in the middle of each layer's feed-forward part."""


@spec
class TransformerWriterSpec(LayersSpec, SequenceSpec):
    """A Transformer."""

    kind: Literal["transformer"] = "transformer"
    """Which writer."""


@spec
class SetWriterSpec(LayersSpec, CopyingSpec):
    """A Transformer that writes all keyphrases of a post side by side, one for each of its codes (One2Set)."""

    kind: Literal["set"] = "set"
    """Which writer."""
    codes: Annotated[int, Ge(2), Le(200), MultipleOf(2)] = 20
    """Learned vectors that each lead to one phrase or to none; the first half to those of the text."""
    steps: Annotated[int, Ge(2), Le(50)] = 6
    """Most words of a phrase that is learned, its end sign included."""
    matched_steps: Annotated[int, Ge(1), Le(50)] = 2
    """Words that each code writes before it is told which phrase it should have written: the likeliest ones."""
    null_weights: tuple[Annotated[float, Ge(0), Le(1)], Annotated[float, Ge(0), Le(1)]] = (0.2, 0.1)
    """How much a code counts that should write nothing: of the first half, of the second."""


WriterSpec = GruWriterSpec | FeedingGruWriterSpec | TransformerWriterSpec | SetWriterSpec

WRITERS: Mapping[type[Any], str] = {
    GruWriterSpec: "mmkp_core.classic.blocks.gru_writer:GruWriter",
    FeedingGruWriterSpec: "mmkp_core.classic.blocks.feeding_writer:FeedingWriter",
    TransformerWriterSpec: "mmkp_core.classic.blocks.transformer_writer:TransformerWriter",
    SetWriterSpec: "mmkp_core.classic.blocks.set_writer:SetWriter",
}
"""Spec -> its block."""
