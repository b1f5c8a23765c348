"""Keeps paid replies in an append-only file of JSON lines, each on disk before its worker goes on.

One run writes (the kernel drops its lock when it dies), several may read. Replies that arrive together share one
`fsync`. A line that a kill cut off is set aside in `<journal>.torn` when the next run opens the file; a line whose
bytes changed is an error, since a wrong reply would look like a paid one.
"""

import contextlib
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import pyarrow as pa

from mmkp_core.errors import Damaged, MmkpError
from mmkp_core.locks import try_lock
from mmkp_core.tables.teacher import REPLIES
from mmkp_core.teacher.reply import Reply


class ReplyJournal(ABC):
    """The replies of one teaching job, open for writing, wherever they are kept."""

    def __init__(self, path: object) -> None:
        self.path = path
        """As it is told to people."""
        self.prompt_tokens = 0
        self.completion_tokens = 0

    @abstractmethod
    def get(self, request: str) -> Reply | None: ...

    @abstractmethod
    def append(self, replies: Sequence[Reply]) -> None:
        """Returns when all of them are where no kill can reach them."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _count(self, reply: Reply) -> None:
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens


class Journal(ReplyJournal):
    """In a file of this machine."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._lock()
            self._end = self._whole_lines()
            _sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            raise

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, request: object) -> bool:
        return request in self._places

    def get(self, request: str) -> Reply | None:
        place = self._places.get(request)
        return reply_of(os.pread(self._file, place[1], place[0]), self._path) if place else None

    def append(self, replies: Sequence[Reply]) -> None:
        lines = [line_of(reply) for reply in replies]
        data = memoryview(b"".join(lines))
        at = self._end
        while data:  # a full disk raises with the tail torn; the next run sets it aside
            written = os.pwrite(self._file, data, at)
            data, at = data[written:], at + written
        os.fsync(self._file)
        for reply, line in zip(replies, lines, strict=True):
            self._note(reply, self._end, len(line))
            self._end += len(line)

    def rows(self) -> pa.Table:
        """All replies as a table of REPLIES, to be sealed into a part."""
        return pa.Table.from_pylist([asdict(reply) for reply in read_replies(self._path)], schema=REPLIES.schema)

    def close(self) -> None:
        os.close(self._file)

    def _lock(self) -> None:
        if not try_lock(self._file):
            raise MmkpError(
                f"{self._path}: another run is writing this journal; wait for it or stop it, then start again: "
                "what it has paid will not be paid again"
            )

    def _whole_lines(self) -> int:
        """Index the lines and cut off a torn last one; where the next line goes."""
        end = 0
        with self._path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    self._set_aside(line, end)
                    break
                self._note(reply_of(line, self._path), end, len(line))
                end += len(line)
        return end

    def _set_aside(self, torn: bytes, at: int) -> None:
        with Path(f"{self._path}.torn").open("ab") as aside:
            aside.write(torn + b"\n")
        os.ftruncate(self._file, at)
        os.fsync(self._file)

    def _note(self, reply: Reply, at: int, length: int) -> None:
        self._places.setdefault(reply.request, (at, length))
        self._count(reply)


def read_replies(path: Path) -> Iterator[Reply]:
    """The replies of a journal, also while somebody writes it: a last line without an end is not there yet."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield reply_of(line, path)


def line_of(reply: Reply) -> bytes:
    fields = asdict(reply)
    return orjson.dumps({"check": _check(fields), "reply": fields}) + b"\n"


def reply_of(line: bytes, path: Path | str) -> Reply:
    with contextlib.suppress(ValueError, LookupError, TypeError):
        document = orjson.loads(line)
        if document["check"] == _check(document["reply"]):
            return Reply(**document["reply"])
    raise Damaged(
        f"{path}: a paid reply is damaged, its line begins with {line[:60]!r}; take the line out of the file to have "
        "this one question asked, and paid, again"
    )


def _check(fields: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(fields)).hexdigest()[:16]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
