"""Which reports does the store hold, and what are the bytes of one of their files?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmkp_core.identity import ArtifactRef
from storage.store import Store

KIND = "report"


@dataclass(frozen=True)
class ReportRow:
    fingerprint: str
    title: str
    when: str


@dataclass(frozen=True)
class StoredReports:
    store: Store

    def listing(self) -> Sequence[ReportRow]:
        """Newest first."""
        records = sorted(self.store.records(KIND), key=lambda record: record.made_at, reverse=True)
        return [
            ReportRow(
                record.ref.fingerprint,
                str(record.facts.get("title", record.ref.fingerprint)),
                f"{record.made_at:%Y-%m-%d %H:%M} UTC",
            )
            for record in records
        ]

    def page(self, fingerprint: str, name: str) -> bytes | None:
        record = self.store.find(ArtifactRef(KIND, fingerprint))
        if record is None or record.file(name) is None:
            return None
        return self.store.read(record, name)


def report_pages(home: Path) -> StoredReports:
    return StoredReports(Store(home))
