"""Reads artifacts: their records, their tables, their files; no byte is used that is not as it was published."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from mmkp_core.errors import Damaged, MmkpError
from mmkp_core.identity import ArtifactRef, sha256_of
from storage.intact import is_intact
from storage.objects import Objects
from storage.records import Record, StoredFile, document_of

PRECIOUS = {"run": "mmkp train ... --rebuild", "replies": "mmkp teach ... --rebuild"}
"""Kinds whose loss costs hours or money: when their bytes are damaged, a person decides, told the command."""


class ArtifactReader:
    """The reading half of a store."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self._known: dict[str, tuple[bytes, Record]] = {}

    def table(
        self, records: Record | Iterable[Record], name: str, columns: list[str] | None = None, where: Any = None
    ) -> pa.Table:
        """Rows of `<name>.parquet` of one or several artifacts, in their order."""
        chosen = [records] if isinstance(records, Record) else list(records)
        file = f"{name}.parquet"
        holders = [record for record in chosen if record.file(file)]
        if not holders:
            raise MmkpError(f"no table {name!r} in {', '.join(str(r.ref) for r in chosen) or 'no artifact'}")
        if not self.objects.is_local:  # one request a file, and the bytes that were checked are those that are read
            tables = [
                pq.read_table(pa.BufferReader(self.read(r, file)), columns=columns, filters=where) for r in holders
            ]
            return pa.concat_tables(tables)
        for record in holders:
            self._require_intact(record, [file])
        paths = [self.objects.full(record.path(file)) for record in holders]
        return pads.dataset(paths, filesystem=self.objects.fs).to_table(columns=columns, filter=where)

    def read(self, record: Record, name: str) -> bytes:
        data = self.objects.read(record.path(name))
        stated = record.file(name)
        if stated is None or hashlib.sha256(data).hexdigest() != stated.sha256:
            raise self._damaged(record, [name])
        return data

    def local(self, record: Record, name: str = "") -> Path:
        """A file or folder of the artifact (or all of it) as a local path, copied if it has to be; checked."""
        wanted = [f for f in record.files if not name or f.name == name or f.name.startswith(f"{name}/")]
        if self.objects.is_local:
            self._require_intact(record, [file.name for file in wanted])
            return Path(self.objects.full(f"artifacts/{record.ref.address}/{record.folder}/{name}".rstrip("/")))
        copy = self.objects.scratch("copies") / record.ref.address.replace("/", ".") / record.folder
        for file in wanted:
            self._copy(record, file, copy / file.name)
        return copy / name

    def _copy(self, record: Record, file: StoredFile, target: Path) -> None:
        if target.exists() and sha256_of(target) == file.sha256:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
        self.objects.fs.get_file(self.objects.full(record.path(file.name)), str(aside))
        if sha256_of(aside) != file.sha256:
            aside.unlink()
            raise self._damaged(record, [file.name])
        aside.replace(target)

    def require_intact(self, record: Record) -> None:
        """Every byte as recorded, hashed now; or an error that names the command which makes the artifact again."""
        if changed := self.check(record):
            raise self._damaged(record, changed)

    def _require_intact(self, record: Record, names: Iterable[str]) -> None:
        """As `require_intact`, of some files, and each only before its first read in this process."""
        files = [file for name in names if (file := record.file(name))]
        if changed := [f.name for f in files if not is_intact(self.objects, record.path(f.name), f)]:
            raise self._damaged(record, changed)

    def _damaged(self, record: Record, changed: Iterable[str]) -> Damaged:
        remedy = PRECIOUS.get(record.ref.kind, "")
        how = (
            f"restore them, or make it again with: {remedy}" if remedy else "the next run that needs it makes it again"
        )
        where = self.objects.address(f"artifacts/{record.ref.address}/{record.folder}")
        return Damaged(f"{record.ref} has lost or changed files ({', '.join(changed)}) in {where}; {how}")

    def check(self, record: Record) -> list[str]:
        """The files of an artifact whose bytes are not those recorded."""
        return [f.name for f in record.files if self.objects.sha256(record.path(f.name)) != f.sha256]

    def changed(self, record: Record) -> list[str]:
        """The files that a hit must not be answered with: lost ones and, on a local store, changed ones.

        Of runs and replies sizes are enough here: their weights and rows are hashed when they are read.
        """
        if not self.objects.is_local or record.ref.kind in PRECIOUS:
            return self.torn(record)
        return [f.name for f in record.files if not is_intact(self.objects, record.path(f.name), f)]

    def stale(self, record: Record) -> list[ArtifactRef]:
        """Its inputs that are there, but hold something else than when it was built."""
        now = self._digests(record.inputs)
        return [
            ref
            for ref, then, at in zip(record.inputs, record.digests, now, strict=True)
            if then and at not in ("", then)
        ]

    def _digests(self, refs: Sequence[ArtifactRef]) -> list[str]:
        """Of what the artifacts hold; empty where one is gone or cannot be read."""
        paths = [document_of(ref) for ref in refs]
        documents = self.objects.read_all(set(paths))
        return [self._digest_of(path, documents[path]) for path in paths]

    def _digest_of(self, path: str, document: bytes | None) -> str:
        try:
            return self._understood(path, document).digest if document else ""
        except Damaged:
            return ""

    def torn(self, record: Record) -> list[str]:
        """The files of an artifact that are not there or have another size; cheap, and asked on every hit."""
        return [f.name for f in record.files if self.objects.size(record.path(f.name)) != f.size]

    def read_record(self, path: str) -> Record:
        """The record that stands at `path`, whatever the index says."""
        try:
            document = self.objects.read(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Damaged(f"the record {self.objects.address(path)} cannot be read: {error.strerror}") from None
        return self._understood(path, document)

    def documents(self) -> list[str]:
        """Where every record stands, found by walking the store."""
        return list(self.objects.walk("artifacts", name="record.json"))

    def _understood(self, path: str, document: bytes) -> Record:
        known = self._known.get(path)
        if known and known[0] == document:
            return known[1]
        try:
            record = Record.from_json(document)
        except (ValueError, KeyError, TypeError, MmkpError) as error:
            raise Damaged(
                f"the record {self.objects.address(path)} is damaged ({error}); remove its folder, and the next "
                "run makes the artifact again"
            ) from error
        self._known[path] = (document, record)
        return record
