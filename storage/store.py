"""The one reuse rule: if the artifact exists and is whole, use it; else build it and publish.

A build writes its files to a staging place; they move into the store under a folder of their own, and the
record that names them goes last. So a reader never sees half of an artifact, a killed build leaves nothing
that looks finished, and a rebuild never pulls files from under a reader of the old ones.
"""

import logging
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mmkp_core.disk import told
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
from storage.reading import PRECIOUS, ArtifactReader
from storage.records import Record, document_of

logger = logging.getLogger(__name__)

Build = Callable[[Draft], None]


class Store(ArtifactReader):
    """Artifacts, images and names under one root."""

    def __init__(
        self,
        root: str | Path,
        *,
        provenance: Callable[[], Mapping[str, str]] = dict,
        published: "Callable[[Store], None] | None" = None,
    ) -> None:
        super().__init__(Objects(root))
        self.index = Index(self.objects)
        self.images = Images(self.objects)
        self.names = Names(self.objects, self.index)
        self._provenance = provenance
        self._published = published

    @property
    def url(self) -> str:
        return self.objects.url

    # -- finding --------------------------------------------------------------------------------------

    def find(self, ref: ArtifactRef) -> Record | None:
        """The record of a whole artifact that was made of what its inputs hold now; None where there is none."""
        record = self._find_whole(ref)
        if record and (stale := self.stale(record)):
            logger.warning("%s is built again: %s changed since it was made", ref, ", ".join(map(str, stale)))
            return None
        return record

    def _find_whole(self, ref: ArtifactRef) -> Record | None:
        """A damaged derived artifact is as good as absent, with a warning; a run or reply is for a person to decide."""
        try:
            record = self.read_record(document_of(ref))
        except FileNotFoundError:
            return None
        except Damaged as error:
            if ref.kind in PRECIOUS:
                raise
            logger.warning("%s is built again: %s", ref, error)
            return None
        if changed := self.changed(record):
            if ref.kind in PRECIOUS:
                raise self._damaged(record, changed)
            logger.warning("%s has lost or changed files (%s) and is built again", ref, ", ".join(changed))
            return None
        return record

    def require(self, ref: ArtifactRef) -> Record:
        record = self._find_whole(ref)
        if record is None:
            raise MmkpError(f"{ref} is not in the store {self.url}, or is damaged; run the flow that makes it again")
        return record

    def records(self, kind: str | None = None, group: str | None = None) -> Iterator[Record]:
        """Every record, in the order of their addresses, from the index; files are not looked at.

        A damaged record is left out, and said; only who asks for that very artifact is stopped by it.
        """
        records, damaged = self.readable(kind, group)
        for reason in damaged.values():
            logger.warning("left out: %s", reason)
        yield from records

    def readable(self, kind: str | None = None, group: str | None = None) -> tuple[list[Record], dict[str, str]]:
        """The records that can be read, and by their path what is wrong with the others."""
        below = "/".join(part for part in ("artifacts", kind, group) if part)
        records, damaged = [], {}
        for path, document in self.index.documents(below).items():
            try:
                records.append(self._understood(path, document))
            except Damaged as error:
                damaged[path] = str(error)
        return records, damaged

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
        with told(self.objects.scratch("staging").parent), self.lock(ref.address):
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

        return locked(Path(self.objects.full("locks")) / f"{_flat(name)}.lock", waiting=waiting)

    def workspace(self, ref: ArtifactRef) -> Path:
        """A local folder that survives a killed build of `ref`: checkpoints, journals. Gone once published."""
        folder = self.objects.scratch("work") / _flat(ref)
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
        staging = self.objects.scratch("staging") / f"{_flat(ref)}.{uuid.uuid4().hex}"
        staging.mkdir()
        draft = Draft(ref, staging)
        begun, digests = time.monotonic(), self._digests(inputs)
        try:
            build(draft)
            record = Record(
                ref=ref,
                spec=spec,
                version=version,
                inputs=(*inputs, *draft.rests_on, *draft.selects),
                digests=(*digests, *self._digests(draft.rests_on), *("" for _ in draft.selects)),
                rests_on=len(draft.rests_on) + len(draft.selects),
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


def _flat(address: object) -> str:
    """An address as the name of one file: of an artifact's lock, its workspace and its staging folders."""
    return str(address).replace("/", ".")
