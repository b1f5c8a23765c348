"""Finished reports, for the server that shows them. Loads no Prefect and no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmkp_core.identity import ArtifactRef
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Entry:
    fingerprint: str
    title: str
    when: str


class ReportPages:
    """The report artifacts of one store."""

    def __init__(self, home: Path) -> None:
        self._store = Store(home)

    def listing(self) -> Sequence[Entry]:
        """Newest first."""
        records = sorted(self._store.records("report"), key=lambda record: record.made_at, reverse=True)
        return [Entry(r.ref.fingerprint, r.facts["title"], f"{r.made_at:%Y-%m-%d %H:%M} UTC") for r in records]

    def page(self, fingerprint: str, name: str) -> bytes | None:
        record = self._store.find(ArtifactRef("report", fingerprint))
        return self._store.read(record, name) if record and record.file(name) else None


def report_pages(home: Path) -> ReportPages:
    return ReportPages(home)
