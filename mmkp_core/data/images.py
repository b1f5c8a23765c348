"""Finds the files of the images that a source names and keeps what is known of them."""

import functools
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmkp_core.data.quarantine import BadRow, ImageReason, RowFault, bad_row
from mmkp_core.tables.posts import IMAGES

ImageStatus = Literal["ok", "missing", "unreadable", "too_large"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """What was found under an image's name."""

    status: ImageStatus
    image: str | None = None
    """SHA-256 of the bytes; none where they cannot be used."""
    width: int | None = None
    height: int | None = None
    format: str | None = None
    bytes: int | None = None
    detail: str = ""
    """Why it cannot be used."""


ReadImage = Callable[[Path], ImageFile]
"""Reads, checks and keeps the bytes of one file; given by the caller, who knows where images are kept."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of the images of some rows."""

    images: pa.Array
    """The hash of each row's image, where its bytes are there."""
    keys: pa.Array
    rows: pa.RecordBatch
    """Rows of IMAGES for those not met before."""
    bad: list[BadRow]
    missing: int
    here: int = 0
    unusable: int = 0


class SeenImages:
    """The folder of a source's images, and which of them were met already."""

    def __init__(self, folder: Path | None, read_image: ReadImage | None) -> None:
        self.folder = folder
        self.read_image = read_image
        self._met: set[int] = set()
        self._file = functools.lru_cache(maxsize=10_000)(self._look)

    def look_up(self, refs: pa.Array, ref_keys: pa.Array, lines: pa.Array, keep: npt.NDArray[np.bool_]) -> Found:
        """Images of rows that are not kept are not looked at."""
        named = np.flatnonzero(refs.is_valid().to_numpy(zero_copy_only=False) & keep).tolist()
        if self.folder is None or self.read_image is None:
            return Found(
                images=pa.nulls(len(refs), pa.string()), keys=ref_keys, rows=_NO_IMAGES, bad=[], missing=len(named)
            )
        files = {i: self._file(refs[i].as_py()) for i in named}
        images = pa.array([files[i].image if i in files else None for i in range(len(refs))], pa.string())
        keys = pc.coalesce(images, ref_keys)
        rows: list[dict[str, Any]] = []
        bad: list[BadRow] = []
        for i, file in files.items():
            ref = refs[i].as_py()
            if hash(ref) in self._met:
                continue
            self._met.add(hash(ref))
            rows.append({**asdict(file), "image_key": keys[i].as_py(), "image_ref": ref})
            if reason := _REASONS.get(file.status):
                bad.append(bad_row(lines[i].as_py(), RowFault(reason, file.detail, ref), ref.encode()))
        states = Counter(file.status for file in files.values())
        return Found(
            images=images,
            keys=keys,
            rows=pa.RecordBatch.from_pylist(rows, IMAGES.schema),
            bad=bad,
            here=states["ok"],
            missing=states["missing"],
            unusable=states["unreadable"] + states["too_large"],
        )

    def _look(self, ref: str) -> ImageFile:
        assert self.folder is not None and self.read_image is not None
        path = image_path(ref, self.folder)
        return self.read_image(path) if path else ImageFile(status="missing")


_NO_IMAGES = pa.RecordBatch.from_pylist([], IMAGES.schema)
_REASONS: dict[ImageStatus, ImageReason] = {"unreadable": "image_unreadable", "too_large": "image_too_large"}


def image_path(image_ref: str, folder: Path) -> Path | None:
    """The file in `folder` that a name or URL means: the path as given if it is there, else the base name.

    Nothing outside the folder is found, by `..`, by an absolute path or through a link.
    """
    inside = folder.resolve()
    for name in (image_ref, base_name(image_ref)):
        if not name or "\x00" in name or len(name) > 1000:
            continue
        try:
            path = (folder / name).resolve()
            if path.is_relative_to(inside) and path.is_file():
                return path
        except OSError:  # a name that the file system does not take
            continue
    return None


def base_name(image_ref: str) -> str:
    """`https://pbs.twimg.com/media/D2S4.jpg?name=large` is `D2S4.jpg`."""
    try:
        path = unquote(urlsplit(image_ref).path) if "://" in image_ref else image_ref
    except ValueError:  # not a URL after all
        path = image_ref
    name = PurePosixPath(path.replace("\\", "/")).name
    return "" if name in (".", "..") else name
