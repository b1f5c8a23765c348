"""What keeps a store sound: every byte checked, and what nothing needs removed."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mmkp_core.errors import Damaged
from mmkp_core.locks import remove_lock
from storage.reading import PRECIOUS
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something in the store that is not as recorded, or that nothing needs."""

    what: Literal["damaged", "stale"]
    path: str
    remedy: str


def verify(store: Store) -> Iterator[Discrepancy]:
    """Every stored byte against its SHA-256; what was copied in by hand stands in the index from then on."""
    store.index.rebuild()
    for path in store.documents():
        try:
            record = store.read_record(path)
        except Damaged as error:
            yield Discrepancy("damaged", path, str(error))
            continue
        for name in store.check(record):
            remedy = PRECIOUS.get(record.ref.kind, "remove it; the next run that needs it builds it again")
            yield Discrepancy("damaged", record.path(name), remedy)
    for path in store.objects.walk("images"):
        if store.objects.sha256(path) != path.rsplit("/", 1)[-1]:
            yield Discrepancy("damaged", path, "remove it, and ingest its source again with --rebuild")


def collect_garbage(store: Store, older_than_hours: float = 24.0) -> Iterator[Discrepancy]:
    """Remove what no record names: files of killed builds, of replaced builds, work folders, free locks."""
    latest = time.time() - older_than_hours * 3600
    left = [path for path in store.objects.walk("artifacts") if store.objects.changed_at(path) <= latest]
    documents = store.documents()  # after the files: one that is being published has none yet, and is young
    records = [store.read_record(path) for path in documents]
    live = {*documents, *(record.path(file.name) for record in records for file in record.files)}
    for path in left:
        if path not in live:
            store.objects.remove(path)
            yield Discrepancy("stale", path, "removed")
    if not store.objects.is_local:
        return
    root = Path(store.objects.base)
    for folder, remove in (("staging", _remove), ("work", _remove), ("locks", remove_lock)):
        for entry in sorted((root / folder).glob("*")):
            if entry.stat().st_mtime <= latest and remove(entry):
                yield Discrepancy("stale", str(entry.relative_to(root)), "removed")


def _remove(entry: Path) -> bool:
    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return True
