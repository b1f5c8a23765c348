"""Reads a file as numbered lines, whatever its size, its encoding and its line ends."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmkp_core.data.quarantine import KEPT_BYTES, BadRow, RowFault
from mmkp_core.errors import WrongInput

FEED = ord("\n")
UTF_8_MARK = b"\xef\xbb\xbf"
BLOCK_BYTES = 256 << 10
"""Large enough that calling a parser is cheap, small enough that most blocks hold no bad line."""


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines of a file."""

    first: int
    """Number of the first line, counted from 1."""
    offset: int
    """Where in the file it begins."""
    data: bytes
    """The lines with a line feed between two of them, none at the end."""
    feeds: npt.NDArray[np.int64]
    """The places of these line feeds."""


def line_blocks(path: Path, longest: int) -> Iterator[LineBlock | BadRow]:
    """The lines of a file, some hundred at a time. Memory stays bounded, whatever the file holds: a line that is longer
    than `longest` and than a block is its bad row."""
    with open_rows(path) as file:
        chunk = file.read(BLOCK_BYTES)
        refuse_other_encodings(path, chunk)
        offset = len(UTF_8_MARK) if chunk.startswith(UTF_8_MARK) else 0
        chunk = chunk[offset:]
        first, rest, giant = 1, b"", None
        while chunk:
            if giant is not None:
                head, end, chunk = chunk.partition(b"\n")
                giant.add(head)
                if end:
                    yield giant.bad_row(first, longest)
                    first, offset, giant = first + 1, offset + giant.size + 1, None
            cut = chunk.rfind(b"\n")
            if cut >= 0:
                data = b"".join((rest, memoryview(chunk)[:cut]))
                feeds = np.flatnonzero(np.frombuffer(data, np.uint8) == FEED)
                yield LineBlock(first, offset, data, feeds)
                first += len(feeds) + 1
                offset += len(data) + 1
                rest = b""
            rest += chunk[cut + 1 :]
            if len(rest) > longest:
                giant, rest = Giant(rest), b""
            chunk = file.read(BLOCK_BYTES)
        if giant is not None:
            yield giant.bad_row(first, longest)
        elif rest:
            yield LineBlock(first, offset, rest, np.flatnonzero(np.frombuffer(rest, np.uint8) == FEED))


def numbered_lines(path: Path, longest: int) -> Iterator[tuple[int, bytes | BadRow]]:
    """The lines of a file one by one, a carriage return at the end cut off; a line that is too long is its bad row."""
    for block in line_blocks(path, longest):
        if isinstance(block, BadRow):
            yield block.line, block
            continue
        for number, line in enumerate(block.data.split(b"\n"), block.first):
            yield number, Giant(line).bad_row(number, longest) if len(line) > longest else line.removesuffix(b"\r")


def decoded(line: bytes) -> str:
    """The text of a line; a fault where it is not text."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowFault("bad_encoding", f"not UTF-8 at byte {error.start}: {error.reason}") from None
    if "\x00" in text:
        raise RowFault("bad_encoding", f"a NUL at character {text.index(chr(0))}")
    return text


def open_rows(path: Path) -> Any:
    """The file, open for reading; what stands in the way is a message and no traceback."""
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        raise WrongInput(f"{path}: no such file") from None
    except IsADirectoryError:
        raise WrongInput(f"{path}: a folder; name the file in it") from None
    except PermissionError:
        raise WrongInput(f"{path}: may not be read; give this user the right to") from None


def refuse_other_encodings(path: Path, head: bytes) -> None:
    """A file that is no UTF-8 text as a whole is one mistake, not a bad row per line."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(b"\x00", 0, 4096) > len(head[:4096]) // 4:
        raise WrongInput(f"{path}: UTF-16 or binary, not UTF-8 text; convert it: iconv -f UTF-16 -t UTF-8 FILE")
    if head.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")):
        raise WrongInput(f"{path}: compressed; unpack it first")
    if head.startswith(b"PAR1"):
        raise WrongInput(f"{path}: a Parquet file; say so with the format parquet")


class Giant:
    """A row longer than is kept: its first bytes, its length and its hash."""

    def __init__(self, start: bytes = b"") -> None:
        self.head = start[:KEPT_BYTES]
        self.size = len(start)
        self.hash = hashlib.sha256(start)

    def add(self, piece: bytes) -> None:
        self.head = self.head or piece[:KEPT_BYTES]
        self.size += len(piece)
        self.hash.update(piece)

    def bad_row(self, line: int, longest: int) -> BadRow:
        return BadRow(line, "too_large", f"{self.size:,} bytes, {longest:,} allowed", self.head, self.hash.hexdigest())
