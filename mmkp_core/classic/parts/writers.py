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
class GruWriterSpec:
    """A GRU with additive attention over the words of the text."""

    kind: Literal["gru"] = "gru"
    """Which writer."""
    copying: CopySpec | None = CopySpec()
    """What it copies of the text; none: it only generates."""
    handover: HandoverSpec | None = None
    """What it copies of the classifier's phrases, in a stage of training of its own; needs copying and a classifier."""


WriterSpec = GruWriterSpec

WRITERS: Mapping[type[Any], str] = {
    GruWriterSpec: "mmkp_core.classic.blocks.gru_writer:GruWriter",
}
"""Spec -> its block."""
