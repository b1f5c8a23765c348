"""Paid replies of a home that is an object store: each an object of its own, in place before its worker goes on.

    journals/NAME/REQUEST.json     one reply, a line as in a journal file
    journals/NAME/part-NNNN.jsonl  many of them, gathered when a run ends

A group that arrives together is written side by side. A kill loses what was in flight and nothing else; between the
gathering of a part and the removal of its objects it leaves both, which is one reply twice and counts once.
"""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from mmkp_core.teacher.journal import ReplyJournal, line_of, reply_of
from mmkp_core.teacher.reply import Reply
from storage.objects import Objects

AT_ONCE = 32
"""Objects that are written side by side."""
GATHERED = 64
"""Single objects that are worth a part."""
_PART = re.compile(r"part-(\d{4})\.jsonl")


class ReplyObjects(ReplyJournal):
    """As objects of a remote store."""

    def __init__(self, objects: Objects, name: str) -> None:
        super().__init__(objects.address(f"journals/{name}"))
        self._objects = objects
        self._folder = f"journals/{name}"
        self._replies: dict[str, Reply] = {}
        self._parts: list[int] = []
        self._single: dict[str, bytes] = {}
        self._read()
        self._writers = ThreadPoolExecutor(AT_ONCE, "paid replies")

    def __len__(self) -> int:
        return len(self._replies)

    def get(self, request: str) -> Reply | None:
        return self._replies.get(request)

    def append(self, replies: Sequence[Reply]) -> None:
        lines = {f"{self._folder}/{reply.request}.json": line_of(reply) for reply in replies}
        list(self._writers.map(self._objects.put, lines, lines.values()))
        self._single |= lines
        self._note(replies)

    def close(self) -> None:
        """Gather what stands in single objects, where it is worth it."""
        self._writers.shutdown()
        if len(self._single) >= GATHERED:
            number = max(self._parts, default=0) + 1
            self._objects.put(f"{self._folder}/part-{number:04d}.jsonl", b"".join(self._single.values()))
            self._objects.remove_all(list(self._single))

    def _read(self) -> None:
        names = self._objects.names(self._folder)
        self._parts = [int(part[1]) for name in names if (part := _PART.fullmatch(name))]
        found: Mapping[str, bytes | None] = self._objects.read_all([f"{self._folder}/{name}" for name in names])
        for path, data in found.items():
            if not data:
                continue
            if not _PART.fullmatch(path.rsplit("/", 1)[-1]):
                self._single[path] = data
            self._note([reply_of(line, path) for line in data.splitlines(keepends=True)])

    def _note(self, replies: Sequence[Reply]) -> None:
        for reply in replies:
            if reply.request not in self._replies:
                self._replies[reply.request] = reply
                self._count(reply)
