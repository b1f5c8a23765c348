"""The index: all records and names of a store, read in a few requests instead of a walk.

    index/log/          an empty file for each change, whose name says where to look
    index/snapshots/    every document as it stood at some moment, in one Parquet file; the newest counts

A change is noted before it is made: first the note, then the record, the name's new version or the removal. So a
kill at any moment leaves at worst a note that leads nowhere, never a change that nobody hears of. A note holds no
content; whoever reads it looks at the place itself. What stands there stays the only truth, and it does not matter
how many write at once or in which order notes are read.

Once there are many notes, a writer gathers them into the next snapshot. Snapshots are numbered and create-only, so of
several writers one wins, and it removes only the notes whose change it has seen. Readers list the notes before the
snapshots: a note that goes meanwhile is in a snapshot that they see.

What is copied into a store by hand has no note; `rebuild` walks the store and finds it. Without any snapshot every
reader walks, so the folder `index` may be deleted at any time.
"""

import io
import logging
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from storage.objects import Objects

logger = logging.getLogger(__name__)

LOG = "index/log"
SNAPSHOTS = "index/snapshots"
MANY = 128
"""Notes that are gathered into a snapshot."""
LOOK_EVERY = 16
"""Of its own notes, after how many a writer counts them all."""
GIVEN_UP = 3600.0
"""Seconds after which a noted change that cannot be seen is taken for one that a kill prevented."""
GONE = "gone"
"""Mark of a removal."""

_NOTE = re.compile(r"\d{20},[^,]*(,[^,]+)+")
_NUMBERED = re.compile(r"(\d{8})\.parquet")
_SCHEMA = pa.schema([pa.field("path", pa.string(), nullable=False), pa.field("document", pa.binary(), nullable=False)])


@dataclass(frozen=True, slots=True)
class Change:
    """Where something was about to change, and how to see that it has."""

    note: str
    at: float
    mark: str
    path: str

    @classmethod
    def of(cls, note: str) -> "Change":
        at, mark, *path = note.split(",")
        return cls(note, int(at) / 1e9, mark, "/".join(path))

    def is_seen_in(self, document: bytes | None) -> bool:
        if self.mark == GONE or document is None:
            return self.mark == GONE and document is None
        return self.mark.encode() in document


class Index:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._lock = threading.RLock()
        self._number: int | None = None
        """Of the snapshot that `_documents` began with; 0 for a walk."""
        self._documents: dict[str, bytes] = {}
        self._seen: set[str] = set()
        """Notes that need no look any more."""
        self._noted = 0

    def note(self, path: str, mark: str) -> None:
        """Say that the document at `path` is about to change; it will hold `mark` then, or be `GONE`."""
        if self._noted % LOOK_EVERY == 0 and len(self._objects.names(LOG)) >= MANY:
            self.gather()
        self._noted += 1
        self._objects.touch(f"{LOG}/{time.time_ns():020d},{mark},{path.replace('/', ',')}")

    def documents(self, below: str) -> dict[str, bytes]:
        """Every record and every version of a name below a folder, as they are now, by path and sorted by it."""
        with self._lock:
            self._look()
            found = sorted(path for path in self._documents if path.startswith(f"{below}/"))
            if self._objects.is_local:  # what was removed by hand
                found = [path for path in found if self._objects.size(path) is not None]
            return {path: self._documents[path] for path in found}

    def gather(self) -> None:
        """Put what has been noted into the next snapshot, and remove the notes."""
        with self._lock:
            self._publish(self._look())

    def rebuild(self) -> None:
        """Walk the store, and begin a new snapshot with what stands there."""
        with self._lock:
            for _ in range(3):  # again where somebody gathered meanwhile, whose notes the walk may have missed
                self._number = max(self._numbers(), default=0)
                changes = self._changes()
                self._documents, self._seen = self._walk(), set()
                self._take_in(changes)
                if self._publish(changes):
                    return

    def _look(self) -> list[Change]:
        """Take in what has changed since the last time; everything that is noted."""
        changes = self._changes()  # before the snapshots
        newest = max(self._numbers(), default=0)
        if newest != self._number:
            self._documents, self._seen = self._load(newest), set()
            self._number = newest
        self._take_in(changes)
        return changes

    def _take_in(self, changes: list[Change]) -> None:
        now = time.time()
        fresh = [change for change in changes if change.note not in self._seen]
        unseen = {change.path for change in fresh if not change.is_seen_in(self._documents.get(change.path))}
        for path, document in self._objects.read_all(unseen).items():
            if document is None:
                self._documents.pop(path, None)
            else:
                self._documents[path] = document
        self._seen.intersection_update(change.note for change in changes)
        self._seen.update(
            change.note
            for change in fresh
            if change.is_seen_in(self._documents.get(change.path)) or now - change.at > GIVEN_UP
        )

    def _publish(self, changes: Iterable[Change]) -> bool:
        """Write the next snapshot; whether it counts now."""
        number = (self._number or 0) + 1
        columns = [pa.array(self._documents.keys(), pa.string()), pa.array(self._documents.values(), pa.binary())]
        file = io.BytesIO()
        pq.write_table(
            pa.table(columns, schema=_SCHEMA),
            file,
            compression="zstd",
            use_dictionary=False,
            write_statistics=False,
            write_page_checksum=True,
        )
        if not self._objects.create(_snapshot(number), file.getvalue()):
            return False
        numbers = self._numbers()
        if max(numbers) != number:  # a slow writer's, of a number that is long gone
            return False
        self._number = number
        done = [change.note for change in changes if change.note in self._seen]
        old = [_snapshot(n) for n in numbers if n < number - 1]  # a reader may be about to read the last one
        self._objects.remove_all([*(f"{LOG}/{note}" for note in done), *old])
        return True

    def _load(self, number: int) -> dict[str, bytes]:
        if number:
            try:
                file = io.BytesIO(self._objects.read(_snapshot(number)))
                table = pq.read_table(file, schema=_SCHEMA, page_checksum_verification=True)
                return dict(zip(table["path"].to_pylist(), table["document"].to_pylist(), strict=True))
            except FileNotFoundError:  # two gatherings went by since it was listed
                pass
            except (OSError, pa.ArrowException) as error:
                address = self._objects.address(_snapshot(number))
                logger.warning("%s is damaged (%s); walking the store; `mmkp verify` mends it", address, error)
        return self._walk()

    def _walk(self) -> dict[str, bytes]:
        paths = [*self._objects.walk("artifacts", name="record.json"), *self._objects.walk("names")]
        return {path: document for path, document in self._objects.read_all(paths).items() if document is not None}

    def _changes(self) -> list[Change]:
        return [Change.of(note) for note in self._objects.names(LOG) if _NOTE.fullmatch(note)]

    def _numbers(self) -> list[int]:
        return [int(found[1]) for name in self._objects.names(SNAPSHOTS) if (found := _NUMBERED.fullmatch(name))]


def _snapshot(number: int) -> str:
    return f"{SNAPSHOTS}/{number:08d}.parquet"
