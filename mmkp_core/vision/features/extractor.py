"""Image feature extractors: the contract that each fulfils, and extraction for one image or many without a store."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mmkp_core.data.post import ImageFeatures
from mmkp_core.errors import Mismatch
from mmkp_core.vision.decoding import Decoded, Trouble, Undecodable, decode

Floats = npt.NDArray[np.float32]

LARGEST = float(np.finfo(np.float16).max)
BATCH = 64  # images decoded and extracted together


class Extractor(Protocol):
    """Images to vectors; a pretrained network fits in here as well as a formula."""

    cells: int
    """The most cells that an image gets."""
    numbers: int
    """Per cell."""
    bound: int
    """Pixels on the longer side that are enough for it; images are decoded no larger."""

    def fingerprint(self) -> str:
        """Everything that can change a vector, weights by their bytes."""

    def require_weights(self) -> None:
        """Unavailable, with the command that brings them, where weights that it needs are missing."""

    def open(self, kept: Path) -> None:
        """Load what extraction needs; called again it does nothing. `kept` is a folder for weights that are converted
        once."""

    def extract(self, images: list[Decoded]) -> list[Floats]:
        """[cells, numbers] for each image; one image may have fewer cells than another."""


@dataclass(frozen=True, slots=True)
class Extracted:
    features: ImageFeatures
    """Of the images that could be read, as half floats: that is what is stored."""
    failed: dict[str, Trouble]
    """By image key."""


def extract_features(extractor: Extractor, images: Iterable[tuple[str, bytes | Path]]) -> Extracted:
    """The vectors of images by key, of an extractor that is open; all of them are in memory at once."""
    rows: dict[str, int] = {}
    failed: dict[str, Trouble] = {}
    parts = [np.zeros((0, extractor.cells, extractor.numbers), dtype=np.float16)]
    counts = [np.zeros(0, dtype=np.int32)]
    source = iter(images)
    while batch := list(islice(source, BATCH)):
        decoded = [(key, decode(data, bound=extractor.bound)) for key, data in batch]
        failed |= {key: image.trouble for key, image in decoded if isinstance(image, Undecodable)}
        good = [(key, image) for key, image in decoded if isinstance(image, Decoded)]
        rows |= {key: len(rows) + place for place, (key, _) in enumerate(good)}
        vectors = extractor.extract([image for _, image in good])
        parts.append(_padded(vectors, extractor.cells, extractor.numbers))
        counts.append(np.array([len(one) for one in vectors], dtype=np.int32))
    return Extracted(ImageFeatures(np.concatenate(parts), rows, np.concatenate(counts)), failed)


def _padded(vectors: list[Floats], cells: int, numbers: int) -> npt.NDArray[np.float16]:
    out: npt.NDArray[Any] = np.zeros((len(vectors), cells, numbers), dtype=np.float16)
    for row, one in enumerate(vectors):
        if np.abs(one).max(initial=0) > LARGEST:
            raise Mismatch("the extractor gives larger numbers than half floats hold; are these its weights?")
        out[row, : len(one)] = one
    return out
