"""Writers: how phrases are generated word by word, and what can be copied."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from mmkp_core.spec import spec


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


@spec
class GruWriterSpec(CopyingSpec):
    """A GRU."""

    kind: Literal["gru"] = "gru"
    """Which writer."""


@spec
class TransformerWriterSpec(CopyingSpec):
    """A Transformer with layer norms before its parts and positions by sines."""

    kind: Literal["transformer"] = "transformer"
    """Which writer."""
    layers: Annotated[int, Ge(1), Le(48)] = 3
    """Layers of attention."""
    heads: Annotated[int, Ge(1), Le(64)] = 4
    """Heads of each; they share `hidden` evenly."""
    inner: Annotated[int, Ge(1), Le(65_536)] = 1200
    """Numbers in the middle of each layer's feed-forward part."""


WriterSpec = GruWriterSpec | TransformerWriterSpec

WRITERS: Mapping[type[Any], str] = {
    GruWriterSpec: "mmkp_core.classic.blocks.gru_writer:GruWriter",
    TransformerWriterSpec: "mmkp_core.classic.blocks.transformer_writer:TransformerWriter",
}
"""Spec -> its block."""
