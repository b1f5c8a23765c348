"""Finished pages, reports and leaderboards, for the server that shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmkp_core.identity import ArtifactRef
from storage.facts import PageFacts
from storage.store import Store

KINDS = ("report", "leaderboard")


@dataclass(frozen=True, slots=True)
class Entry:
    fingerprint: str
    title: str
    when: str


class ReportPages:
    """The pages of one store, by fingerprint."""

    def __init__(self, home: Path) -> None:
        self._store = Store(home)

    def listing(self) -> Sequence[Entry]:
        """Newest first."""
        records = [record for kind in KINDS for record in self._store.records(kind)]
        return [
            Entry(record.ref.fingerprint, record.states(PageFacts).title, f"{record.made_at:%Y-%m-%d %H:%M} UTC")
            for record in sorted(records, key=lambda record: record.made_at, reverse=True)
        ]

    def page(self, fingerprint: str, name: str) -> bytes | None:
        """One file of a page; None where there is none."""
        for kind in KINDS:
            record = self._store.find(ArtifactRef(kind, fingerprint))
            if record and record.file(name):
                return self._store.read(record, name)
        return None
