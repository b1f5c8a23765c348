"""The one reuse rule: if the artifact exists and is whole, use it; else build it and publish.

A build writes its files to a staging place; they move into the store under a folder of their own, and the
record that names them goes last. So a reader never sees half of an artifact, a killed build leaves nothing
that looks finished, and a rebuild never pulls files from under a reader of the old ones.
"""

import hashlib
import logging
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from mmkp_core.errors import Damaged, MmkpError
from mmkp_core.identity import ArtifactRef, canonical, fingerprint
from mmkp_core.locks import locked, remove_lock
from storage.images import Images
from storage.names import Names, NameVersion
from storage.objects import Objects
from storage.records import Record, StoredFile

logger = logging.getLogger(__name__)

# Kinds whose loss costs hours or money: when their bytes are damaged, a person decides.
PRECIOUS = {"run": "mmkp train ... --rebuild", "rationales": "mmkp teach ... --rebuild"}


@dataclass
class Draft:
    """An artifact in the making: a folder for its files, and what its record is to say."""

    ref: ArtifactRef
    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)
    rests_on: list[ArtifactRef] = field(default_factory=list)
    """Artifacts that it also needs; they follow from its inputs and spec, so its address does not tell them."""

    def write_table(self, name: str, rows: pa.Table | Sequence[Mapping[str, Any]], schema: pa.Schema) -> int:
        """Write all of a table at once; its number of rows."""
        with self.table(name, schema) as table:
            table.write(rows)
        return table.rows

    def table(self, name: str, schema: pa.Schema, **parquet: Any) -> "TableWriter":
        """A Parquet table that grows batch by batch; every row says which artifact it belongs to."""
        return TableWriter(self.folder / f"{name}.parquet", schema, self.ref.address, **parquet)


class TableWriter(AbstractContextManager["TableWriter"]):
    """Writes a table; `parquet` are settings of the Parquet writer, where a table knows better ones."""

    def __init__(self, path: Path, schema: pa.Schema, artifact: str, **parquet: Any) -> None:
        self.rows = 0
        self._source = schema
        self._schema = schema.append(pa.field("artifact", pa.string(), nullable=False))
        self._artifact = artifact
        if isinstance(dictionary := parquet.get("use_dictionary"), list):
            parquet["use_dictionary"] = [*dictionary, "artifact"]
        self._writer = pq.ParquetWriter(path, self._schema, **{"compression": "zstd", **parquet})

    def write(self, rows: pa.Table | pa.RecordBatch | Sequence[Mapping[str, Any]]) -> None:
        if isinstance(rows, pa.RecordBatch):
            rows = pa.Table.from_batches([rows])
        elif not isinstance(rows, pa.Table):
            rows = pa.Table.from_pylist(list(rows), schema=self._source)
        if rows.num_rows == 0:
            return
        artifact = pa.repeat(pa.scalar(self._artifact), rows.num_rows)
        table = rows.select(self._source.names).cast(self._source)
        self._writer.write_table(table.append_column(self._schema.field("artifact"), artifact))
        self.rows += rows.num_rows

    def __exit__(self, *_: object) -> None:
        self._writer.close()


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
        self.images = Images(self.objects)
        self.names = Names(self.objects)
        self._provenance = provenance
        self._published = published
        self._known: dict[str, tuple[int | None, Record]] = {}

    @property
    def url(self) -> str:
        return self.objects.url

    # -- finding --------------------------------------------------------------------------------------

    def find(self, ref: ArtifactRef) -> Record | None:
        """The record of a whole artifact; None where there is none, or where a derived one is damaged."""
        try:
            record = self._read(f"artifacts/{ref.address}/record.json")
        except FileNotFoundError:
            return None
        torn = [f.name for f in record.files if self.objects.size(record.path(f.name)) != f.size]
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
        """Every record, in the order of their addresses; sizes are not checked."""
        prefix = "/".join(part for part in ("artifacts", kind, group) if part)
        for path in self.objects.walk(prefix, name="record.json"):
            yield self._read(path)

    def resolve(self, kind: str, name: str) -> ArtifactRef:
        """What a person calls by name, or an address as records give it."""
        if name.count("/") >= 1 and self.objects.size(f"artifacts/{name}/record.json") is not None:
            return ArtifactRef.parse(name)
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
        ref = self.address(kind, spec, inputs, version, group)
        if not rebuild and (record := self.find(ref)):
            return record, True
        asked_at = datetime.now(UTC)
        with self.lock(ref.address):
            record = None if rebuild and not self._made_since(ref, asked_at) else self.find(ref)
            if record:
                return record, True
            return self._build(ref, canonical(spec), tuple(inputs), version, build), False

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

    def _made_since(self, ref: ArtifactRef, moment: datetime) -> bool:
        try:
            return self._read(f"artifacts/{ref.address}/record.json").made_at >= moment
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
            files = tuple(_describe(path, staging) for path in sorted(staging.rglob("*")) if path.is_file())
            record = Record(
                ref=ref,
                spec=spec,
                version=version,
                inputs=(*inputs, *draft.rests_on),
                folder=uuid.uuid4().hex[:12],
                files=files,
                facts=draft.facts,
                made_at=datetime.now(UTC),
                seconds=round(time.monotonic() - begun, 3),
                provenance=self._provenance(),
            )
            for file in files:
                self.objects.adopt(staging / file.name, record.path(file.name))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        self.objects.put(f"artifacts/{ref.address}/record.json", record.to_json())
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
        return [f.name for f in record.files if self._sha256(record.path(f.name)) != f.sha256]

    def _sha256(self, path: str) -> str:
        try:
            with self.objects.open(path) as handle:
                return hashlib.file_digest(handle, "sha256").hexdigest()  # type: ignore[arg-type]
        except FileNotFoundError:
            return ""

    def _read(self, path: str) -> Record:
        size = self.objects.size(path)
        if size is None:
            raise FileNotFoundError(path)
        stamp = Path(self.objects.full(path)).stat().st_mtime_ns if self.objects.is_local else None
        known = self._known.get(path)
        if known and stamp is not None and known[0] == stamp:
            return known[1]
        try:
            record = Record.from_json(self.objects.read(path))
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged(
                f"the record {self.objects.address(path)} is damaged ({error}); remove its folder, and the next "
                "run makes the artifact again"
            ) from error
        self._known[path] = (stamp, record)
        return record


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the store that is not as recorded, or that nothing needs."""

    what: Literal["damaged", "stale"]
    path: str
    remedy: str


def verify(store: Store) -> Iterator[Finding]:
    """Every stored byte against its SHA-256."""
    for record in store.records():
        for name in store.check(record):
            remedy = PRECIOUS.get(record.ref.kind, "remove it; the next run that needs it builds it again")
            yield Finding("damaged", record.path(name), remedy)
    for path in store.objects.walk("images"):
        if store._sha256(path) != path.rsplit("/", 1)[-1]:
            yield Finding("damaged", path, "remove it, and ingest its source again with --rebuild")


def collect_garbage(store: Store, older_than_hours: float = 24.0) -> Iterator[Finding]:
    """Remove what no record names: files of killed builds, of replaced builds, work folders, free locks."""
    latest = time.time() - older_than_hours * 3600
    left = [path for path in store.objects.walk("artifacts") if store.objects.changed_at(path) <= latest]
    records = list(store.records())  # after the files: one that is being published has none yet, and is young
    live = {record.path(file.name) for record in records for file in record.files}
    live |= {f"artifacts/{record.ref.address}/record.json" for record in records}
    for path in left:
        if path not in live:
            store.objects.remove(path)
            yield Finding("stale", path, "removed")
    if not store.objects.is_local:
        return
    root = Path(store.objects.base)
    for folder, remove in (("staging", _remove), ("work", _remove), ("locks", remove_lock)):
        for entry in sorted((root / folder).glob("*")):
            if entry.stat().st_mtime <= latest and remove(entry):
                yield Finding("stale", str(entry.relative_to(root)), "removed")


def _remove(entry: Path) -> bool:
    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return True


def _describe(path: Path, root: Path) -> StoredFile:
    with path.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
    return StoredFile(str(path.relative_to(root)), sha256, path.stat().st_size, rows)
