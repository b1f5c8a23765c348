"""Rows where rows are dear: results kept per image or request, in parts under the engine that made them.

A part is an artifact of its own. Asking again for a thousand images of which ten are new makes one part of
ten rows; a killed run keeps the parts it had finished.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mmkp_core.identity import fingerprint
from storage.draft import Draft
from storage.reading import PRECIOUS
from storage.records import Record
from storage.store import Store

logger = logging.getLogger(__name__)


def parts_of(store: Store, kind: str, group: str) -> list[Record]:
    """The parts of one engine, the newest first; a damaged one is an error, since its rows would be missed silently."""
    found = [store.require(record.ref) for record in store.records(kind, group)]
    return sorted(found, key=lambda record: record.made_at, reverse=True)


class RowStore:
    """The rows of one table that one engine has made so far."""

    def __init__(
        self, store: Store, kind: str, engine: Any, version: int, *, key: str = "image_key", table: str = ""
    ) -> None:
        self.store = store
        self.kind = kind
        self.group = fingerprint(kind, engine, version)
        self._engine = engine
        self._version = version
        self._key = key
        self._table = table or kind

    def parts(self) -> list[Record]:
        return parts_of(self.store, self.kind, self.group)

    def drop_damaged(self, *, precious: bool = False) -> None:
        """Forget the parts that have lost or changed files; their rows are missing from then on."""
        if self.kind in PRECIOUS and not precious:
            return
        for record in self.store.records(self.kind, self.group):
            if changed := self.store.check(record) if precious else self.store.changed(record):
                logger.warning("%s lost or changed %s; its rows are made again", record.ref, ", ".join(changed))
                self.store.forget(record.ref)

    def known(self) -> set[str]:
        """The keys whose rows are there; parts that are damaged are dropped, so that their rows are made again."""
        self.drop_damaged()
        parts = self.parts()
        if not parts:
            return set()
        keys: list[str] = self.store.table(parts, self._table, [self._key])[self._key].to_pylist()
        return set(keys)

    def missing(self, keys: Iterable[str]) -> list[str]:
        known = self.known()
        return sorted({key for key in keys if key not in known})

    def add(self, keys: Sequence[str], build: Callable[[Draft], None], *, rebuild: bool = False) -> Record:
        """Publish the part that holds the rows of `keys`."""
        spec = {"engine": self._engine, "keys": fingerprint(sorted(keys))}
        record, _ = self.store.build(self.kind, spec, [], self._version, build, group=self.group, rebuild=rebuild)
        return record

    def select(self, keys: Iterable[str], columns: list[str] | None = None) -> pa.Table:
        """The rows of `keys`, the newest where several parts hold the same."""
        parts = self.parts()
        wanted = pa.array(sorted(set(keys)), pa.string())
        if columns is not None and self._key not in columns:
            columns = [self._key, *columns]
        table = self.store.table(parts, self._table, columns, where=pc.field(self._key).isin(wanted))
        first: dict[str, int] = {}
        for row, key in enumerate(table[self._key].to_pylist()):
            first.setdefault(key, row)
        return table if len(first) == table.num_rows else table.take(list(first.values()))
