"""Which vectors does a model get for an image, and how are they kept?

Vectors of one part lie in `features.arrow`, one record batch of half floats that is mapped into memory and read 300
times faster at random than Parquet; which row is whose, and which images could not be read, stands in the index table.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mmkp_core.data.post import ImageFeatures
from mmkp_core.errors import Mismatch
from mmkp_core.spec import spec
from mmkp_core.tables.vision import FEATURES_INDEX
from mmkp_core.vision.decoding import Decoded, Trouble, Undecodable, decode
from mmkp_core.vision.features.grid import GridExtractor, GridSpec

VECTORS = "features.arrow"
INDEX = f"{FEATURES_INDEX.name}.parquet"
BATCH = 64  # images
COPIED_BELOW = 2**30  # bytes: several smaller parts are put together in memory, larger ones stay maps


@spec
class FeatureSpec:
    """What image models see of an image."""

    source: Literal["grid"] = "grid"
    """`grid` needs no weights: edge directions and colours per cell."""
    grid: GridSpec = GridSpec()
    """How the grid is cut."""


class FeatureExtractor(Protocol):
    """Images to vectors; a pretrained network fits in here as well as a formula."""

    cells: int
    numbers: int
    bound: int
    """Pixels on the longer side that are enough for it; images are decoded no larger."""

    def fingerprint(self) -> str:
        """Everything that can change a vector, weights by their bytes."""

    def open(self) -> None:
        """Load what extraction needs."""

    def extract(self, images: list[Decoded]) -> npt.NDArray[np.float32]:
        """[images, cells, numbers]"""


@dataclass(frozen=True, slots=True)
class FeaturesWritten:
    rows: int
    """Images with a vector."""
    failed: dict[str, Trouble]
    """By image key."""


def make_extractor(spec: FeatureSpec) -> FeatureExtractor:
    match spec.source:
        case "grid":
            return GridExtractor(spec.grid)


def write_features(
    extractor: FeatureExtractor, images: Iterable[tuple[str, bytes | Path]], folder: Path
) -> FeaturesWritten:
    """One part: `features.arrow` and its index. All of its vectors are in memory once; cut parts accordingly."""
    extractor.open()
    keys: list[str] = []
    failed: dict[str, Trouble] = {}
    vectors = [np.zeros((0, extractor.cells, extractor.numbers), dtype=np.float16)]
    source = iter(images)
    while batch := list(islice(source, BATCH)):
        decoded = [(key, decode(data, bound=extractor.bound)) for key, data in batch]
        failed |= {key: image.trouble for key, image in decoded if isinstance(image, Undecodable)}
        good = [(key, image) for key, image in decoded if isinstance(image, Decoded)]
        keys += [key for key, _ in good]
        vectors.append(extractor.extract([image for _, image in good]).astype(np.float16))
    matrix = np.concatenate(vectors)
    _write_vectors(matrix, folder / VECTORS)
    index = [{"image_key": key, "row": row, "status": "ok"} for row, key in enumerate(keys)]
    index += [{"image_key": key, "row": -1, "status": trouble} for key, trouble in failed.items()]
    pq.write_table(pa.Table.from_pylist(index, schema=FEATURES_INDEX.schema), folder / INDEX, compression="zstd")
    return FeaturesWritten(len(keys), failed)


def read_features(
    parts: Sequence[Path], keys: Collection[str] | None = None, copied_below: int = COPIED_BELOW
) -> ImageFeatures:
    """The vectors of several parts (folders) as one; `keys` limits which images are asked for later."""
    if not parts:
        raise ValueError("features of no parts: at least one is needed to know their shape")
    maps = [_map_vectors(part / VECTORS) for part in parts]
    shapes = {vectors.shape[1:] for vectors in maps}
    if len(shapes) > 1:
        raise Mismatch(f"feature parts of different shapes {sorted(shapes)}; read one extractor's parts at a time")
    rows: dict[str, int] = {}
    offset = 0
    for part, vectors in zip(parts, maps, strict=True):
        index = pq.read_table(part / INDEX, columns=["image_key", "row"])
        for key, row in zip(index["image_key"].to_pylist(), index["row"].to_pylist(), strict=True):
            if row >= 0 and (keys is None or key in keys):
                rows.setdefault(key, offset + row)
        offset += len(vectors)
    if len(maps) == 1:
        return ImageFeatures(maps[0], rows)
    if sum(vectors.nbytes for vectors in maps) <= copied_below:
        return ImageFeatures(np.concatenate(maps), rows)
    return ImageFeatures(cast("npt.NDArray[np.float16]", PartedMatrix(maps)), rows)


class PartedMatrix:
    """Several maps that are indexed as one array by a list of rows; nothing is read before it is asked for."""

    def __init__(self, maps: Sequence[npt.NDArray[np.float16]]) -> None:
        self._maps = maps
        self._starts = np.cumsum([0, *(len(vectors) for vectors in maps)])
        self.shape: tuple[int, ...] = (int(self._starts[-1]), *maps[0].shape[1:])
        self.dtype = maps[0].dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Sequence[int]) -> npt.NDArray[np.float16]:
        wanted = np.asarray(rows, dtype=np.int64)
        out = np.empty((len(wanted), *self.shape[1:]), dtype=self.dtype)
        part_of = np.searchsorted(self._starts, wanted, side="right") - 1
        for part in np.unique(part_of):
            here = part_of == part
            out[here] = self._maps[part][wanted[here] - self._starts[part]]
        return out


def _write_vectors(matrix: npt.NDArray[np.float16], path: Path) -> None:
    cells, numbers = matrix.shape[1:]
    array = pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1), pa.float16()), cells * numbers)
    schema = pa.schema(
        [pa.field("vector", array.type, nullable=False)], metadata={"cells": str(cells), "numbers": str(numbers)}
    )
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(pa.record_batch([array], schema=schema))


def _map_vectors(path: Path) -> npt.NDArray[np.float16]:
    """[images, cells, numbers] over the mapped file."""
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    cells, numbers = (int(reader.schema.metadata[name]) for name in (b"cells", b"numbers"))
    if reader.num_record_batches != 1:
        raise Mismatch(f"{path} has {reader.num_record_batches} record batches; one was written: build the part again")
    vectors = reader.get_batch(0).column(0)
    flat = vectors.values.slice(vectors.offset * cells * numbers, len(vectors) * cells * numbers)
    return cast("npt.NDArray[np.float16]", flat.to_numpy(zero_copy_only=True).reshape(-1, cells, numbers))
