"""Where is the file of an image that a source names, and what does the ingest want to know of it?"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mmkp_core.data.post import image_key_of_ref
from mmkp_core.data.quarantine import BadRow, ImageReason, RowFault, bad_row
from mmkp_core.data.tables import IMAGES

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

    images: list[str | None]
    """The hash of each row's image, where its bytes are there."""
    keys: list[str | None]
    rows: pa.RecordBatch
    """Rows of IMAGES for those not met before."""
    bad: list[BadRow]
    here: int
    missing: int
    unusable: int


class SeenImages:
    """The folder of a source's images, and which of them were met already."""

    def __init__(self, folder: Path | None, read_image: ReadImage | None) -> None:
        self.folder = folder
        self.read_image = read_image
        self._met: set[int] = set()
        self._file = functools.lru_cache(maxsize=10_000)(self._look)

    def look_up(self, refs: Sequence[str | None], lines: Sequence[int], keep: npt.NDArray[np.bool_]) -> Found:
        """Images of rows that are not kept are not looked at."""
        if self.folder is None or self.read_image is None:
            keys = [None if ref is None else image_key_of_ref(ref) for ref in refs]
            named = sum(ref is not None and kept for ref, kept in zip(refs, keep.tolist(), strict=True))
            return Found([None] * len(refs), keys, pa.RecordBatch.from_pylist([], schema=IMAGES), [], 0, named, 0)
        return self._look_up(refs, lines, keep)

    def _look_up(self, refs: Sequence[str | None], lines: Sequence[int], keep: npt.NDArray[np.bool_]) -> Found:
        images: list[str | None] = []
        keys: list[str | None] = []
        rows: list[dict[str, Any]] = []
        bad: list[BadRow] = []
        tally = {"ok": 0, "missing": 0, "unusable": 0}
        for ref, line, kept in zip(refs, lines, keep.tolist(), strict=True):
            file = self._file(ref) if ref is not None and kept else None
            images.append(file.image if file else None)
            keys.append(None if ref is None else images[-1] or image_key_of_ref(ref))
            if file is None or ref is None:
                continue
            tally[file.status if file.status in tally else "unusable"] += 1
            if hash(ref) not in self._met:
                self._met.add(hash(ref))
                rows.append(_image_row(file, ref))
                if (reason := _REASONS.get(file.status)) is not None:
                    bad.append(bad_row(line, RowFault(reason, file.detail, ref), ref.encode("utf-8", "surrogatepass")))
        batch = pa.RecordBatch.from_pylist(rows, schema=IMAGES)
        return Found(images, keys, batch, bad, tally["ok"], tally["missing"], tally["unusable"])

    def _look(self, ref: str) -> ImageFile:
        assert self.folder is not None and self.read_image is not None
        path = image_path(ref, self.folder)
        return self.read_image(path) if path else ImageFile(status="missing")


_REASONS: dict[ImageStatus, ImageReason] = {"unreadable": "image_unreadable", "too_large": "image_too_large"}


def _image_row(file: ImageFile, ref: str) -> dict[str, Any]:
    return {
        "image_key": file.image or image_key_of_ref(ref),
        "image": file.image,
        "image_ref": ref,
        "status": file.status,
        "width": file.width,
        "height": file.height,
        "format": file.format,
        "bytes": file.bytes,
    }


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
