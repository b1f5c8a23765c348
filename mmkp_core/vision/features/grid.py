"""A weight-free descriptor of an image: 7 x 7 cells of edge directions and colours.

For models that expect the grid features of a pretrained network where there are none. Per cell 23 numbers:

     9  edge directions: blurred Sobel, per pixel the channel with the strongest gradient, weak gradients dropped,
        square root. Without block normalisation: how much edge there is tells as much as where it points.
     6  mean and deviation of L, a and b
     8  hues, weighted by chroma

A linear probe on the mean over the cells, trained on 397 of the demo's icons, names all of the other 100 among 36
classes of colour and shape. Nothing here is learned; standardising belongs to the training posts and is done there.
"""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from mmkp_core.identity import fingerprint
from mmkp_core.spec import spec
from mmkp_core.vision.decoding import DECODE_VERSION, Decoded
from mmkp_core.vision.features.extractor import Floats

GRID_VERSION = 1  # raise it when the same pixels may give other numbers

DIRECTIONS, LAB, HUES = 9, 6, 8
NUMBERS = DIRECTIONS + LAB + HUES
WEAK = 6.0  # grey levels per pixel below which a gradient is noise; yellow on white stays above


@spec
class GridSpec:
    """How the descriptor is cut."""

    kind: Literal["grid"] = "grid"
    """Name of the extractor."""
    side: Annotated[int, Ge(56), Le(1024)] = 224
    """Pixels a side to which the whole image is scaled, its proportions given up as pretrained networks do."""
    cells: Annotated[int, Ge(1), Le(32)] = 7
    """Cells a side; 7 x 7 are what the published models attend over."""


class GridExtractor:
    """Grid descriptors; every image has all the cells."""

    def __init__(self, spec: GridSpec) -> None:
        self._spec = spec
        self.cells = spec.cells**2
        self.numbers = NUMBERS
        self.bound = spec.side * 4

    def fingerprint(self) -> str:
        return fingerprint("grid", self._spec, GRID_VERSION, DECODE_VERSION)

    def require_weights(self) -> None:
        pass

    def open(self, kept: Path) -> None:
        pass

    def extract(self, images: list[Decoded]) -> list[Floats]:
        return [describe(image.rgb, self._spec) for image in images]


def describe(rgb_HWC: npt.NDArray[np.uint8], spec: GridSpec) -> Floats:
    """[cells * cells, 23], row by row from the top left."""
    import cv2

    side = spec.side - spec.side % spec.cells
    shrinks = max(rgb_HWC.shape[:2]) > side
    scaled = cv2.resize(rgb_HWC, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    pixels_SSC = scaled.astype(np.float32)
    lab_SSC: Floats = np.asarray(cv2.cvtColor(pixels_SSC / 255.0, cv2.COLOR_RGB2LAB), dtype=np.float32)
    return np.concatenate(
        [_directions(pixels_SSC, spec.cells), _lab(lab_SSC, spec.cells), _hues(lab_SSC, spec.cells)], axis=1
    ).astype(np.float32)


def _directions(pixels_SSC: Floats, cells: int) -> Floats:
    import cv2

    smooth_SSC = cv2.GaussianBlur(pixels_SSC, (5, 5), 1.0)
    across_SSC = cv2.Sobel(smooth_SSC, cv2.CV_32F, 1, 0, ksize=3) / 8
    down_SSC = cv2.Sobel(smooth_SSC, cv2.CV_32F, 0, 1, ksize=3) / 8
    strength_SSC = np.sqrt(across_SSC**2 + down_SSC**2)
    strongest_SS1 = strength_SSC.argmax(axis=2)[..., None]
    strength_SS = np.take_along_axis(strength_SSC, strongest_SS1, axis=2)[..., 0]
    across_SS = np.take_along_axis(across_SSC, strongest_SS1, axis=2)[..., 0]
    down_SS = np.take_along_axis(down_SSC, strongest_SS1, axis=2)[..., 0]
    strength_SS[strength_SS < WEAK] = 0.0
    # a direction and its opposite are one
    turn_SS: Floats = ((np.arctan2(down_SS, across_SS) % np.pi) / np.pi).astype(np.float32)
    root: Floats = np.sqrt(_histogram(turn_SS, strength_SS, DIRECTIONS, cells) / 255.0)
    return root


def _lab(lab_SSC: Floats, cells: int) -> Floats:
    blocks_PNC = _blocks(lab_SSC, cells) / 100.0
    return np.concatenate([blocks_PNC.mean(axis=1), blocks_PNC.std(axis=1)], axis=1)


def _hues(lab_SSC: Floats, cells: int) -> Floats:
    turn_SS: Floats = ((np.arctan2(lab_SSC[..., 2], lab_SSC[..., 1]) / (2 * np.pi)) % 1.0).astype(np.float32)
    chroma_SS: Floats = (np.hypot(lab_SSC[..., 1], lab_SSC[..., 2]) / 100.0).astype(np.float32)
    return _histogram(turn_SS, chroma_SS, HUES, cells)


def _histogram(turn_SS: Floats, weight_SS: Floats, bins: int, cells: int) -> Floats:
    """Per cell the mean weight of each of `bins` parts of a circle; a pixel is shared between its two nearest bins."""
    place_SS = turn_SS * bins
    low_SS = np.floor(place_SS)
    share_SS = place_SS - low_SS
    per = turn_SS.shape[0] // cells
    rows = np.arange(turn_SS.shape[0]) // per
    cell_SS = rows[:, None] * cells + rows[None, :]
    flat = np.zeros(cells * cells * bins, dtype=np.float64)
    for bin_SS, part_SS in ((low_SS, weight_SS * (1 - share_SS)), (low_SS + 1, weight_SS * share_SS)):
        index_SS = cell_SS * bins + bin_SS.astype(np.int64) % bins
        flat += np.bincount(index_SS.ravel(), part_SS.ravel(), minlength=flat.size)
    mean: Floats = (flat.reshape(cells * cells, bins) / per**2).astype(np.float32)
    return mean


def _blocks(image_SSC: Floats, cells: int) -> Floats:
    """[cells * cells, pixels of a cell, channels]"""
    per = image_SSC.shape[0] // cells
    cut = image_SSC.reshape(cells, per, cells, per, -1).transpose(0, 2, 1, 3, 4)
    return cut.reshape(cells * cells, per * per, -1)
