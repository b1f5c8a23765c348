"""One look at a store: its whole artifacts, what its names mean now, and what they meant."""

import logging
from collections.abc import Iterable, Iterator

from mmkp_core.identity import ArtifactRef
from storage.records import Record
from storage.store import Store

logger = logging.getLogger(__name__)


class Contents:
    def __init__(self, store: Store) -> None:
        self.store = store
        # before the records: what a name points at was there before it
        self.histories, damaged_names = store.names.readable()
        self.records, unread = _with_their_inputs(store)
        # on object storage a size is a request for each file
        self.damaged = {r.ref: torn for r in self.records if (torn := store.torn(r))} if store.objects.is_local else {}
        self.whole = {record.ref: record for record in self.records if record.ref not in self.damaged}
        self.left_out = {f"names/{name}": reason for name, reason in damaged_names.items()} | unread
        self.left_out |= {
            record.path(name): "lost or cut off; the flow that made it makes it again"
            for record in self.records
            for name in self.damaged.get(record.ref, ())
        }
        if self.left_out:
            logger.warning(
                "the catalog leaves out %d damaged files, the first is %s; the view left_out lists them, "
                "and `mmkp verify` says more",
                len(self.left_out),
                next(iter(self.left_out)),
            )
        self._by_kind: dict[str, list[Record]] = {}
        for record in self.whole.values():
            self._by_kind.setdefault(record.ref.kind, []).append(record)
        self._names: dict[tuple[str, str], str] = {}
        self._now: set[tuple[str, str]] = set()
        self._ever: set[tuple[str, str]] = set()
        self._read_names()

    def of_kind(self, kind: str) -> list[Record]:
        return self._by_kind.get(kind, [])

    def named(self, kind: str) -> Iterator[tuple[str, Record]]:
        """What the names of `kind` point at now."""
        for name, versions in self.histories.items():
            name_kind, _, short = name.partition("/")
            if name_kind == kind and (record := self.whole.get(versions[-1].target)):
                yield short, record

    def name_of(self, kind: str, address: str | None) -> str | None:
        """The name of an artifact where it bears one (or bore, for a data set or split), else its address."""
        return self._names.get((kind, address), address) if address else None

    def is_current(self, run: str, *behind: str | None) -> bool:
        """Whether names still mean a run, and the splits and data sets behind what is said of it."""
        return self._bears_name(run) and all(self._is_meant(address) for address in behind if address)

    def parts(self, record: Record, kind: str) -> list[Record]:
        """Those of its inputs that are whole artifacts of `kind`."""
        return [self.whole[ref] for ref in record.inputs if ref.kind == kind and ref in self.whole]

    def files(self, records: Iterable[Record], table: str) -> tuple[str, ...]:
        """Where the rows of a table stand."""
        name = f"{table}.parquet"
        return tuple(self.store.objects.address(r.path(name)) for r in records if (f := r.file(name)) and f.rows)

    def _read_names(self) -> None:
        for name, versions in self.histories.items():
            kind, _, short = name.partition("/")
            self._names[kind, versions[-1].target.address] = short
            self._now.add((kind, versions[-1].target.address))
        for name, versions in self.histories.items():
            kind, _, short = name.partition("/")
            self._ever.update((kind, version.target.address) for version in versions)
            if kind in ("dataset", "split"):  # what was made of an earlier version still joins by the name
                for version in reversed(versions):
                    self._names.setdefault((kind, version.target.address), short)

    def _bears_name(self, run: str) -> bool:
        return ("run", run) in self._now or ("champion", run) in self._now

    def _is_meant(self, address: str) -> bool:
        """Of a split or data set: it never had a name, or it still has one."""
        kind = ArtifactRef.parse(address).kind
        return (kind, address) not in self._ever or (kind, address) in self._now


def _with_their_inputs(store: Store) -> tuple[list[Record], dict[str, str]]:
    """Every record that can be read, and of the others what is wrong.

    Looked for again while a record has inputs that are not among them: an input is published before what is made of
    it, but a folder that is listed while both appear may show the later one only. Inputs that stay away were removed.
    """
    missed: set[ArtifactRef] | None = None
    while True:
        records, unread = store.readable()
        known = {record.ref for record in records}
        missing = {ref for record in records for ref in record.inputs if ref not in known}
        if not missing or missing == missed:
            return records, unread
        missed = missing
