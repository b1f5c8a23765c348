"""What keeps a store sound: everything checked against what is recorded, and what nothing needs removed."""

import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mmkp_core.errors import Damaged
from mmkp_core.identity import ArtifactRef
from mmkp_core.locks import is_held, remove_lock
from storage.names import is_version
from storage.reading import PRECIOUS
from storage.records import Record
from storage.store import Store

KEPT_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the store that is not as recorded, or that nothing needs."""

    what: Literal["damaged", "missing", "stray", "stale", "unreferenced"]
    path: str
    detail: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.detail}; {self.remedy}"


def verify(store: Store) -> Iterator[Finding]:
    """Every record, byte and name against what it should be; what was copied in by hand is known from then on."""
    store.index.rebuild()
    records: dict[ArtifactRef, Record] = {}
    for path in store.documents():
        try:
            record = store.read_record(path)
        except Damaged as error:
            yield Finding("damaged", path, str(error), "the flow that made it makes it again")
            continue
        records[record.ref] = record
        yield from _of_record(store, path, record)
    for record in records.values():
        yield from _inputs_of(record, records)
    yield from _of_names(store, records)
    yield from _of_images(store, records)
    yield from _strays(store, records)


def _of_record(store: Store, path: str, record: Record) -> Iterator[Finding]:
    if record.document != path or record.proper_ref != record.ref:
        yield Finding(
            "damaged", path, f"it is the record of {record.proper_ref}", "put the folder back there, or remove it"
        )
    for name in store.check(record):
        yield Finding("damaged", record.path(name), "its bytes are not those recorded", _remedy(record.ref))


def _inputs_of(record: Record, records: dict[ArtifactRef, Record]) -> Iterator[Finding]:
    for ref, digest in zip(record.inputs, record.digests, strict=True):
        if ref not in records:
            detail = f"its input {ref} is gone"
            yield Finding("missing", record.document, detail, f"restore {ref}, or remove what rests on it too")
        elif digest and records[ref].digest != digest:
            detail = f"its input {ref} holds something else than when it was made"
            yield Finding("stale", record.document, detail, "the flow that made it makes it again")


def _of_names(store: Store, records: dict[ArtifactRef, Record]) -> Iterator[Finding]:
    for path in store.objects.walk("names"):
        if not is_version(path):
            yield Finding("stray", path, "it is no version of a name", "remove it")
            continue
        try:
            version = store.names.read(path)
        except Damaged as error:
            yield Finding("damaged", path, str(error), "remove it; the version before counts then")
            continue
        if version.target not in records:
            newest = store.names.history(version.name)[-1].number == version.number
            if newest:
                remedy = f"restore {version.target}, or remove the file: the version before counts then"
                yield Finding("missing", path, f"{version.target}, which {version.name} means, is gone", remedy)


def _of_images(store: Store, records: dict[ArtifactRef, Record]) -> Iterator[Finding]:
    remedy = "remove it, and ingest its source again with --rebuild"
    there = set()
    for path in store.objects.walk("images"):
        image = path.rsplit("/", 1)[-1]
        there.add(image)
        if store.objects.sha256(path) != image:
            yield Finding("damaged", path, "its bytes are not those recorded", remedy)
    for record in records.values():
        if record.ref.kind == "posts" and not store.check(record):
            named = store.table(record, "images", ["image"])["image"].to_pylist()
            for image in sorted({image for image in named if image} - there):
                path = store.images.path(image)
                yield Finding("missing", path, f"an image of {record.ref} is gone", "ingest its source with --rebuild")


def _strays(store: Store, records: dict[ArtifactRef, Record]) -> Iterator[Finding]:
    documents = set(store.documents())
    live = {record.path(file.name) for record in records.values() for file in record.files}
    for path in store.objects.walk("artifacts"):
        if path not in live and path not in documents and not _OF_A_BUILD.search(path):
            yield Finding("stray", path, "no record names it", "remove it, or let `mmkp gc` do so")


_OF_A_BUILD = re.compile(r"/[0-9a-f]{12}/")
"""Files of a build that was killed, replaced or is being published: nothing is wrong with them."""


def _remedy(ref: ArtifactRef) -> str:
    command = PRECIOUS.get(ref.kind)
    return f"restore it, or make it again with: {command}" if command else "the flow that made it makes it again"


def collect_garbage(store: Store, older_than_hours: float = KEPT_HOURS) -> Iterator[Finding]:
    """Remove what no record names: files of killed and of replaced builds, work folders, free locks.

    What somebody holds a lock on stays, however old it is.
    """
    latest = time.time() - older_than_hours * 3600
    left = [path for path in store.objects.walk("artifacts") if store.objects.changed_at(path) <= latest]
    live, folders = set(), []
    for path in store.documents():  # after the files: one that is being published has none yet, and is young
        live.add(path)
        try:
            record = store.read_record(path)
        except Damaged:  # `verify` tells of it; its files may be restored with it
            folders.append(path.removesuffix("record.json"))
            continue
        live.update(record.path(file.name) for file in record.files)
    for path in left:
        if path not in live and not path.startswith(tuple(folders)):
            store.objects.remove(path)
            yield Finding("stale", path, "no record names it", "removed")
    if store.objects.is_local:
        yield from _scratch(Path(store.objects.base), latest)


def unreferenced(store: Store) -> list[Record]:
    """Artifacts that no name leads to, neither to them nor to what they are made of; paid replies are never among them.

    A name leads to what it means now (of champions, to all that it ever meant, for a rollback), to what this is made
    of, and to what is made of that alone: predictions, scores, reports.
    """
    records = {record.ref: record for record in store.records()}
    live = {ref for ref in records if ref.kind == "replies"}
    for name, versions in store.names.histories().items():
        chosen = versions if name.startswith("champion/") else versions[-1:]
        _reach(records, [version.target for version in chosen], live)

    def is_made_of_live(record: Record) -> bool:
        return all(ref in live for ref in record.inputs if ref.kind != "answers")

    derived = [record for record in records.values() if record.ref.kind in DERIVED]
    while found := [r.ref for r in derived if r.ref not in live and is_made_of_live(r)]:
        _reach(records, found, live)
    return [record for ref, record in records.items() if ref not in live]


DERIVED = ("predictions", "scores", "decision", "report", "leaderboard")
"""Kinds that are looked up by what they are made of and need no name of their own."""


def _reach(records: dict[ArtifactRef, Record], refs: Iterable[ArtifactRef], live: set[ArtifactRef]) -> None:
    waiting = list(refs)
    while waiting:
        ref = waiting.pop()
        if ref not in live and ref in records:
            live.add(ref)
            waiting += records[ref].inputs


def _scratch(root: Path, latest: float) -> Iterator[Finding]:
    """Unfinished work under the name of its artifact, whose builder holds the lock of that name."""

    def is_free(name: str) -> bool:
        return not is_held(root / "locks" / f"{name}.lock")

    removers: dict[str, Callable[[Path], bool]] = {
        "staging": lambda entry: is_free(entry.stem) and _remove(entry),
        "work": lambda entry: is_free(entry.name) and _remove(entry),
        "locks": remove_lock,
    }
    for folder, remove in removers.items():
        for entry in sorted((root / folder).glob("*")):
            if entry.stat().st_mtime <= latest and remove(entry):
                yield Finding("stale", str(entry.relative_to(root)), "nobody works on it", "removed")


def _remove(entry: Path) -> bool:
    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return True
