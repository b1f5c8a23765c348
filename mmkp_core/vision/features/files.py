"""Stored image features: the vectors of one part in a mapped file, and an index of whose row is which.

Vectors of one part lie in `features.arrow`, one record batch of half floats that is mapped into memory and read 300
times faster at random than Parquet; which row is whose, how many of its cells are real, and which images could not be
read, stands in the index table.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mmkp_core.data.post import ImageFeatures
from mmkp_core.errors import Mismatch
from mmkp_core.tables.vision import FEATURES_INDEX
from mmkp_core.vision.decoding import Trouble
from mmkp_core.vision.features.extractor import Extracted, Extractor, extract_features

VECTORS = "features.arrow"
INDEX = f"{FEATURES_INDEX.name}.parquet"
COPIED_BELOW = 2**30  # bytes: several smaller parts are put together in memory, larger ones stay maps


@dataclass(frozen=True, slots=True)
class FeaturesWritten:
    rows: int
    """Images with a vector."""
    failed: dict[str, Trouble]
    """By image key."""


def write_features(extractor: Extractor, images: Iterable[tuple[str, bytes | Path]], folder: Path) -> FeaturesWritten:
    """One part: `features.arrow` and its index. All of its vectors are in memory once; cut parts accordingly."""
    extracted = extract_features(extractor, images)
    _write_vectors(extracted.features.matrix, folder / VECTORS)
    pq.write_table(_index(extracted), folder / INDEX, compression="zstd")
    return FeaturesWritten(len(extracted.features.rows), extracted.failed)


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
    cells = np.zeros(sum(len(vectors) for vectors in maps), dtype=np.int32)
    offset = 0
    for part, vectors in zip(parts, maps, strict=True):
        index = pq.read_table(part / INDEX, columns=["image_key", "row", "cells"])
        for key, row, count in zip(*(column.to_pylist() for column in index.columns), strict=True):
            if row >= 0 and (keys is None or key in keys):
                rows.setdefault(key, offset + row)
                cells[offset + row] = count
        offset += len(vectors)
    if len(maps) == 1:
        return ImageFeatures(maps[0], rows, cells)
    if sum(vectors.nbytes for vectors in maps) <= copied_below:
        return ImageFeatures(np.concatenate(maps), rows, cells)
    return ImageFeatures(cast("npt.NDArray[np.float16]", PartedMatrix(maps)), rows, cells)


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


def _index(extracted: Extracted) -> pa.Table:
    cells = extracted.features.cells
    assert cells is not None
    index = [
        {"image_key": key, "row": row, "cells": int(cells[row]), "status": "ok"}
        for key, row in extracted.features.rows.items()
    ]
    index += [{"image_key": key, "row": -1, "cells": 0, "status": trouble} for key, trouble in extracted.failed.items()]
    return pa.Table.from_pylist(index, schema=FEATURES_INDEX.schema)


def _write_vectors(matrix: npt.NDArray[Any], path: Path) -> None:
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
