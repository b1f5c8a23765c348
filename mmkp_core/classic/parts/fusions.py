"""Fusions: how what was read becomes one vector per post."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le

from mmkp_core.spec import spec

Side = Literal["encoder", "image", "topics"]


@spec
class ImageAsksTextSpec:
    """M3H-ATT as released: the mean of the image's cells attends over the words."""

    joins: ClassVar[tuple[Side, ...]] = ("encoder", "image")

    kind: Literal["image_asks_text"] = "image_asks_text"
    """Which fusion."""
    heads: Annotated[int, Ge(1), Le(64)] = 4
    """Heads of the attention."""
    head_size: Annotated[int, Ge(1), Le(1024)] = 128
    """Numbers per head."""


@spec
class EachAsksOthersSpec:
    """The means of words, cells and attributes each attend over the other two; what they find is added."""

    joins: ClassVar[tuple[Side, ...]] = ("encoder", "image")

    kind: Literal["each_asks_others"] = "each_asks_others"
    """Which fusion."""
    heads: Annotated[int, Ge(1), Le(64)] = 4
    """Heads of the attention."""
    head_size: Annotated[int, Ge(1), Le(1024)] = 128
    """Numbers per head."""


@spec
class TextAsksImageSpec:
    """MM-MKP: the highest of each number over the words attends over the image's cells."""

    joins: ClassVar[tuple[Side, ...]] = ("encoder", "image")

    kind: Literal["text_asks_image"] = "text_asks_image"
    """Which fusion."""
    heads: Annotated[int, Ge(1), Le(64)] = 4
    """Heads of the attention."""
    head_size: Annotated[int, Ge(1), Le(1024)] = 128
    """Numbers per head."""


@spec
class ImageMeanSpec:
    """The mean of the image's cells and nothing else."""

    joins: ClassVar[tuple[Side, ...]] = ("image",)

    kind: Literal["image_mean"] = "image_mean"
    """Which fusion."""


@spec
class TextPoolSpec:
    """The words' states pooled over the post: AVG and MAX. No image is joined."""

    joins: ClassVar[tuple[Side, ...]] = ("encoder",)

    kind: Literal["text_pool"] = "text_pool"
    """Which fusion."""
    pool: Literal["mean", "max"] = "mean"
    """Their mean, or the highest of each number."""


@spec
class CoAttentionSpec:
    """CO-ATT: the text's mean picks cells of the image, what they give picks words, and both are joined."""

    joins: ClassVar[tuple[Side, ...]] = ("encoder", "image")

    kind: Literal["co_attention"] = "co_attention"
    """Which fusion."""


@spec
class BilinearSpec:
    """BAN: every word meets every cell; each glimpse weighs all pairs and adds what it found to the words."""

    joins: ClassVar[tuple[Side, ...]] = ("encoder", "image")

    kind: Literal["bilinear"] = "bilinear"
    """Which fusion."""
    glimpses: Annotated[int, Ge(1), Le(16)] = 4
    """How often the pairs are weighed anew."""
    rank: Annotated[int, Ge(1), Le(4096)] = 300
    """Numbers in which a word and a cell are multiplied."""


@spec
class TopicMemorySpec:
    """TMN: the words' vectors are compared with the topics, and convolutions read them. No encoder, no image."""

    joins: ClassVar[tuple[Side, ...]] = ("topics",)

    kind: Literal["topic_memory"] = "topic_memory"
    """Which fusion."""
    memory: Annotated[int, Ge(1), Le(4096)] = 150
    """Numbers in which words and topics are compared."""


FusionSpec = (
    ImageAsksTextSpec
    | TextAsksImageSpec
    | EachAsksOthersSpec
    | ImageMeanSpec
    | TextPoolSpec
    | CoAttentionSpec
    | BilinearSpec
    | TopicMemorySpec
)

FUSIONS: Mapping[type[Any], str] = {
    ImageAsksTextSpec: "mmkp_core.classic.blocks.image_asks_text:ImageAsksText",
    TextAsksImageSpec: "mmkp_core.classic.blocks.text_asks_image:TextAsksImage",
    EachAsksOthersSpec: "mmkp_core.classic.blocks.each_asks_others:EachAsksOthers",
    ImageMeanSpec: "mmkp_core.classic.blocks.image_mean:ImageMean",
    TextPoolSpec: "mmkp_core.classic.blocks.text_pool:TextPool",
    CoAttentionSpec: "mmkp_core.classic.blocks.co_attention:CoAttention",
    BilinearSpec: "mmkp_core.classic.blocks.bilinear:Bilinear",
    TopicMemorySpec: "mmkp_core.classic.blocks.topic_memory:TopicMemory",
}
"""Spec -> its block; `joins` says which sides of a system it needs."""
