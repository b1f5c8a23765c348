"""Which runs stand on a report, and what each is called there."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from mmkp_core.identity import ArtifactRef
from mmkp_core.learning import System
from storage.records import Record
from storage.store import Store
from tasks.examples import plain
from tasks.runs import run_names


class Entry:
    """One scored run: its system's row, its scores by head, and how it is called on the page."""

    def __init__(self, store: Store, table: Mapping[str, System], record: Record, run_name: str = "") -> None:
        self.record = record
        self.id: str = record.facts["system"]
        self.system = table[self.id]
        self.predictions = ArtifactRef.parse(record.facts["predictions"])
        self.scores = store.table(record, "scores").to_pylist()
        self.heads: list[str] = list(dict.fromkeys(row["head"] for row in self.scores))
        self.title = f"{self.system.title}, run {run_name}" if run_name else self.system.title
        self.confidence: float = plain(record.spec)["confidence"]
        self.run = store.require(ArtifactRef.parse(record.facts["run"]))
        self.note = _backbone(self.run)

    def label(self, head: str) -> str:
        """The system's name, with its backbone, and with the head where it is not the system's own answer."""
        noted = f"{self.title} ({self.note})" if self.note else self.title
        return noted if head == self.heads[0] else f"{noted}, {head}"


def entries_of(store: Store, table: Mapping[str, System], scores: Iterable[Record]) -> list[Entry]:
    """In the order of the table of systems; runs of one system are told apart by their names."""
    order = list(table)
    records = sorted(scores, key=lambda record: order.index(record.facts["system"]))
    several = {system for system, count in Counter(r.facts["system"] for r in records).items() if count > 1}
    called = {run.address: name for run, name in run_names().items()}
    return [
        Entry(store, table, r, called.get(r.facts["run"], r.facts["run"]) if r.facts["system"] in several else "")
        for r in records
    ]


def _backbone(run: Record) -> str:
    """The last part of a vision-language run's backbone, `tiny` or `Qwen2.5-VL-3B-Instruct`; empty for others."""
    backbone: str = plain(run.spec["spec"]).get("backbone", "") if run.facts["family"] == "vlm" else ""
    return backbone.rstrip("/").rpartition("/")[2]


def taught_to(store: Store, runs: Sequence[Record]) -> list[Record]:
    """The teaching that the runs learned from."""
    refs = dict.fromkeys(ref for run in runs for ref in run.inputs if ref.kind == "taught")
    return [store.require(ref) for ref in refs]
