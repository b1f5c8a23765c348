"""Attribute words of images: the settings, the row of an image, and rows to a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pyarrow as pa
from annotated_types import Ge, Le

from mmkp_core.spec import spec
from mmkp_core.tables.vision import ATTRIBUTES


@spec
class AttributeSpec:
    """Attribute words of images."""

    engine: Literal["measured", "imagenet"] = "measured"
    """`measured` names colours, light and kind of picture from the pixels and guesses no objects; `imagenet` names the
    likeliest classes of a network that knows photographs."""
    words: Annotated[int, Ge(1), Le(10)] = 5
    """Most attribute words of an image, the most marked first."""
    least: Annotated[float, Ge(0), Le(1)] = 0.1
    """`imagenet`: least probability of a class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What one engine finds in one image."""

    image_key: str
    engine: str
    status: Literal["ok", "unreadable", "too_large"]
    words: tuple[str, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)


def attributes_table(rows: Iterable[Attributes]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "image_key": row.image_key,
                "engine": row.engine,
                "status": row.status,
                "attributes": list(row.words),
                "measures": list(row.measures.items()),
            }
            for row in sorted(rows, key=lambda row: row.image_key)
        ],
        schema=ATTRIBUTES.schema,
    )
