"""Encoders: how the words of a post become states."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from mmkp_core.spec import spec


@spec
class GruEncoderSpec:
    """A bidirectional GRU."""

    kind: Literal["gru"] = "gru"
    """Which encoder."""
    layers: Annotated[int, Ge(1), Le(8)] = 2
    """Layers, each reading in both directions."""


@spec
class TransformerEncoderSpec:
    """A Transformer with layer norms before its parts and positions by sines."""

    kind: Literal["transformer"] = "transformer"
    """Which encoder."""
    layers: Annotated[int, Ge(1), Le(48)] = 3
    """Layers of attention."""
    heads: Annotated[int, Ge(1), Le(64)] = 4
    """Heads of each; they share `hidden` evenly."""
    inner: Annotated[int, Ge(1), Le(65_536)] = 1200
    """Numbers in the middle of each layer's feed-forward part."""


EncoderSpec = GruEncoderSpec | TransformerEncoderSpec

ENCODERS: Mapping[type[Any], str] = {
    GruEncoderSpec: "mmkp_core.classic.blocks.gru_encoder:GruEncoder",
    TransformerEncoderSpec: "mmkp_core.classic.blocks.transformer_encoder:TransformerEncoder",
}
"""Spec -> its block."""
