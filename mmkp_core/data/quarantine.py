"""Rows that could not be used: each keeps its place, a reason of a closed list, and its bytes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import pyarrow as pa

from mmkp_core.tables.posts import QUARANTINE

RowReason = Literal[
    "bad_json",  # not JSON, or cut off
    "bad_encoding",  # not UTF-8, a lone surrogate, a NUL
    "bad_fields",  # another number of fields than the format has
    "schema",  # a field is missing or of the wrong type; the detail names it
    "too_large",  # longer, deeper or with more phrases than the bounds
    "empty_text",  # nothing visible is left of the text
    "id_conflict",  # a post of this id, with other content, came earlier
]
ImageReason = Literal["image_unreadable", "image_too_large"]
REASONS: tuple[str, ...] = (*get_args(RowReason), *get_args(ImageReason))

KEPT_BYTES = 4096
"""Of a bad row's own bytes; the sha256 is of all of them."""
KEPT_DETAIL = 300


class RowFault(Exception):
    """A row cannot be used; caught by the reader of its file, which knows the place."""

    def __init__(self, reason: RowReason | ImageReason, detail: str, key: str | None = None) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.key = key


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    reason: RowReason | ImageReason
    detail: str
    raw: bytes
    """At most the first `KEPT_BYTES`."""
    raw_sha256: str
    key: str | None = None
    stage: str = "ingest"


def bad_row(line: int, fault: RowFault, raw: bytes) -> BadRow:
    return BadRow(line, fault.reason, fault.detail, raw[:KEPT_BYTES], hashlib.sha256(raw).hexdigest(), fault.key)


def quarantine_rows(source: str, bad: Sequence[BadRow]) -> pa.RecordBatch:
    """Rows of QUARANTINE. What is not UTF-8 is written as `\\xNN`."""
    return pa.RecordBatch.from_arrays(
        [
            pa.array([row.stage for row in bad], pa.string()),
            pa.array([source] * len(bad), pa.string()),
            pa.array([row.line for row in bad], pa.int64()),
            pa.array([_writable(row.key) if row.key is not None else None for row in bad], pa.string()),
            pa.array([row.reason for row in bad], pa.string()),
            pa.array([_writable(row.detail) for row in bad], pa.string()),
            pa.array([row.raw.decode("utf-8", "backslashreplace") for row in bad], pa.string()),
            pa.array([row.raw_sha256 for row in bad], pa.string()),
        ],
        schema=QUARANTINE.schema,
    )


def _writable(text: str) -> str:
    return text[:KEPT_DETAIL].encode("utf-8", "backslashreplace").decode()
