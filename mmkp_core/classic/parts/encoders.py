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


EncoderSpec = GruEncoderSpec

ENCODERS: Mapping[type[Any], str] = {
    GruEncoderSpec: "mmkp_core.classic.blocks.gru_encoder:GruEncoder",
}
"""Spec -> its block."""
