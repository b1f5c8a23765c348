"""The one reuse rule: if the artifact exists and is whole, use it; else build it and publish.

A build writes its files to a staging place; they move into the store under a folder of their own, and the
record that names them goes last. So a reader never sees half of an artifact, a killed build leaves nothing
that looks finished, and a rebuild never pulls files from under a reader of the old ones.
"""

import logging
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads

from mmkp_core.errors import Damaged, MmkpError
from mmkp_core.identity import ArtifactRef, fingerprint
from mmkp_core.locks import locked
from mmkp_core.spec import dump
from storage.draft import Draft
from storage.facts import FACTS
from storage.images import Images
from storage.index import GONE, Index
from storage.names import Names, NameVersion
from storage.objects import Objects
from storage.records import Record, document_of

logger = logging.getLogger(__name__)

PRECIOUS = {"run": "mmkp train ... --rebuild", "replies": "mmkp teach ... --rebuild"}
"""Kinds whose loss costs hours or money: when their bytes are damaged, a person decides, told the command."""

Build = Callable[[Draft], None]


class Store:
    """Artifacts, images and names under one root."""

    def __init__(
        self,
        root: str | Path,
        *,
        provenance: Callable[[], Mapping[str, str]] = dict,
        published: "Callable[[Store], None] | None" = None,
    ) -> None:
        self.objects = Objects(root)
        self.index = Index(self.objects)
        self.images = Images(self.objects)
        self.names = Names(self.objects, self.index)
        self._provenance = provenance
        self._published = published
        self._known: dict[str, tuple[bytes, Record]] = {}

    @property
    def url(self) -> str:
        return self.objects.url

    # -- finding --------------------------------------------------------------------------------------

    def find(self, ref: ArtifactRef) -> Record | None:
        """The record of a whole artifact; None where there is none, or where a derived one is damaged."""
        try:
            record = self.read_record(document_of(ref))
        except FileNotFoundError:
            return None
        torn = self.torn(record)
        if not torn:
            return record
        if ref.kind in PRECIOUS:
            raise Damaged(
                f"{ref} has lost or changed files ({', '.join(torn)}) in {self.objects.address('artifacts')}; "
                f"restore them, or make it again with: {PRECIOUS[ref.kind]}"
            )
        logger.warning("%s has lost or changed files (%s) and is built again", ref, ", ".join(torn))
        return None

    def require(self, ref: ArtifactRef) -> Record:
        record = self.find(ref)
        if record is None:
            raise MmkpError(f"{ref} is not in the store {self.url}, or is damaged; run the flow that makes it again")
        return record

    def records(self, kind: str | None = None, group: str | None = None) -> Iterator[Record]:
        """Every record, in the order of their addresses, from the index; sizes are not checked.

        A damaged record is left out, and said; only who asks for that very artifact is stopped by it.
        """
        below = "/".join(part for part in ("artifacts", kind, group) if part)
        for path, document in self.index.documents(below).items():
            try:
                yield self._understood(path, document)
            except Damaged as error:
                logger.warning("left out: %s", error)

    def resolve(self, kind: str, name: str) -> ArtifactRef:
        """What a person calls by name, or an address as records give it."""
        if "/" in name and self.objects.size(document_of(ref := ArtifactRef.parse(name))) is not None:
            return ref
        return self.names.require(f"{kind}/{name}")

    # -- building -------------------------------------------------------------------------------------

    @staticmethod
    def address(kind: str, spec: Any, inputs: Sequence[ArtifactRef], version: int, group: str = "") -> ArtifactRef:
        return ArtifactRef(kind, fingerprint(kind, spec, list(inputs), version), group)

    def build(
        self,
        kind: str,
        spec: Any,
        inputs: Sequence[ArtifactRef],
        version: int,
        build: Build,
        *,
        group: str = "",
        rebuild: bool = False,
    ) -> tuple[Record, bool]:
        """The artifact of these, and whether it was there already. Two askers build it once."""
        if kind not in FACTS:
            raise TypeError(f"nothing says what an artifact of kind {kind!r} states; give it a class in facts.FACTS")
        ref = self.address(kind, spec, inputs, version, group)
        if not rebuild and (record := self.find(ref)):
            return record, True
        asked_at = datetime.now(UTC)
        with self.lock(ref.address):
            record = None if rebuild and not self._made_since(ref, asked_at) else self.find(ref)
            if record:
                return record, True
            return self._build(ref, dump(spec), tuple(inputs), version, build), False

    def lock(self, name: str, *, told: bool = True) -> AbstractContextManager[None]:
        """Nobody else holds `name` meanwhile; the kernel drops it with its holder. A wait is logged if `told`.

        On a store without local files there is none: a double build there is waste, never damage, because the record
        that publishes a result goes last.
        """
        if not self.objects.is_local:
            return nullcontext()

        def waiting() -> None:
            if told:
                logger.info("waiting for another run that is making %s", name)

        return locked(Path(self.objects.full("locks")) / f"{name.replace('/', '.')}.lock", waiting=waiting)

    def workspace(self, ref: ArtifactRef) -> Path:
        """A local folder that survives a killed build of `ref`: checkpoints, journals. Gone once published."""
        folder = self.objects.scratch("work") / ref.address.replace("/", ".")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def point(self, name: str, ref: ArtifactRef, reason: str) -> NameVersion:
        """Let `name` mean `ref` from now on."""
        before = self.names.get(name)
        version = self.names.point(name, ref, reason, datetime.now(UTC), self._provenance())
        if before != ref:
            self._announce()
        return version

    def forget(self, ref: ArtifactRef) -> None:
        """Remove an artifact with its files; the next who needs it builds it again."""
        self.index.note(document_of(ref), GONE)
        self.objects.remove(f"artifacts/{ref.address}")
        self._announce()

    def _made_since(self, ref: ArtifactRef, moment: datetime) -> bool:
        try:
            return self.read_record(document_of(ref)).made_at >= moment
        except FileNotFoundError:
            return False

    def _build(
        self, ref: ArtifactRef, spec: Any, inputs: tuple[ArtifactRef, ...], version: int, build: Build
    ) -> Record:
        staging = self.objects.scratch("staging") / uuid.uuid4().hex
        staging.mkdir()
        draft = Draft(ref, staging)
        begun = time.monotonic()
        try:
            build(draft)
            record = Record(
                ref=ref,
                spec=spec,
                version=version,
                inputs=(*inputs, *draft.rests_on),
                folder=uuid.uuid4().hex[:12],
                files=draft.files(),
                facts=draft.stated(),
                made_at=datetime.now(UTC),
                seconds=round(time.monotonic() - begun, 3),
                provenance=self._provenance(),
            )
            for file in record.files:
                self.objects.adopt(staging / file.name, record.path(file.name))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        self.index.note(record.document, record.folder)
        self.objects.put(record.document, record.to_json())
        shutil.rmtree(self.workspace(ref), ignore_errors=True)
        self._announce()
        return record

    def _announce(self) -> None:
        if self._published:
            self._published(self)

    # -- reading --------------------------------------------------------------------------------------

    def table(
        self, records: Record | Iterable[Record], name: str, columns: list[str] | None = None, where: Any = None
    ) -> pa.Table:
        """Rows of `<name>.parquet` of one or several artifacts, in their order."""
        chosen = [records] if isinstance(records, Record) else list(records)
        paths = [self.objects.full(r.path(f"{name}.parquet")) for r in chosen if r.file(f"{name}.parquet")]
        if not paths:
            raise MmkpError(f"no table {name!r} in {', '.join(str(r.ref) for r in chosen) or 'no artifact'}")
        return pads.dataset(paths, filesystem=self.objects.fs).to_table(columns=columns, filter=where)

    def read(self, record: Record, name: str) -> bytes:
        return self.objects.read(record.path(name))

    def local(self, record: Record, name: str = "") -> Path:
        """A file of the artifact (or the folder of all its files) as a local path, copied if it has to be."""
        inside = f"artifacts/{record.ref.address}/{record.folder}"
        if self.objects.is_local:
            return Path(self.objects.full(f"{inside}/{name}".rstrip("/")))
        copy = self.workspace(record.ref) / record.folder
        for file in record.files:
            if (not name or file.name == name) and not (copy / file.name).exists():
                (copy / file.name).parent.mkdir(parents=True, exist_ok=True)
                self.objects.fs.get_file(self.objects.full(record.path(file.name)), str(copy / file.name))
        return copy / name

    def require_intact(self, record: Record) -> None:
        """Every byte as recorded, or an error that names the command which makes the artifact again."""
        if changed := self.check(record):
            remedy = PRECIOUS.get(record.ref.kind, "run the flow that makes it again with --rebuild")
            raise Damaged(f"{record.ref} was changed on disk ({', '.join(changed)}); make it again with: {remedy}")

    def check(self, record: Record) -> list[str]:
        """The files of an artifact whose bytes are not those recorded."""
        return [f.name for f in record.files if self.objects.sha256(record.path(f.name)) != f.sha256]

    def torn(self, record: Record) -> list[str]:
        """The files of an artifact that are not there or have another size; cheap, and asked on every hit."""
        return [f.name for f in record.files if self.objects.size(record.path(f.name)) != f.size]

    def read_record(self, path: str) -> Record:
        """The record that stands at `path`, whatever the index says."""
        return self._understood(path, self.objects.read(path))

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
