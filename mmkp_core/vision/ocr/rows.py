"""The OCR row of an image: its schema, and readings to a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from mmkp_core.tables.vision import OCR
from mmkp_core.vision.ocr.engine import Line

Status = Literal["ok", "empty", "no_text", "unreadable", "too_large", "engine_error"]
"""`empty`: the engine found no words. `no_text`: the engine did not run, since the image cannot hold any.
`engine_error`: the engine failed or died; such a row is not kept, so that the next run tries the image again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of reading one image."""

    image_key: str
    status: Status
    engine: str
    words: str = ""
    lines: tuple[Line, ...] = ()
    detail: str = ""
    """What failed, in words."""

    @property
    def is_kept(self) -> bool:
        """The same bytes would give the same row again."""
        return self.status != "engine_error"


def ocr_table(readings: Iterable[Reading]) -> pa.Table:
    """Rows in the order of their keys, whichever worker was first."""
    rows = [
        {
            "image_key": reading.image_key,
            "status": reading.status,
            "words": reading.words,
            "lines": [{"text": line.text, "score": line.score, "box": line.box} for line in reading.lines],
            "engine": reading.engine,
            "detail": reading.detail,
        }
        for reading in sorted(readings, key=lambda reading: reading.image_key)
    ]
    return pa.Table.from_pylist(rows, schema=OCR.schema)
