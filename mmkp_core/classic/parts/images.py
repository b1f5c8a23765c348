"""The image side: which vectors of an image are read, and how."""

from collections.abc import Mapping
from typing import Any

from mmkp_core.spec import spec


@spec
class ImageSpec:
    """The vectors of one extractor, standardised on the training images and projected cell by cell."""

    features: str = "grid"
    """Name of the extractor: `grid` (7x7 cells of edge directions and colours, no weights)."""
    withheld: bool = False
    """Mask every cell, in training and prediction: shows what the vectors add to the same network."""


IMAGES: Mapping[type[Any], str] = {
    ImageSpec: "mmkp_core.classic.blocks.image_cells:ImageCells",
}
"""Spec -> its block."""
