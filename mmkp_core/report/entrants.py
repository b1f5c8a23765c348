"""Scored runs as rows of a page: training seeds of one system with one set of settings stand in one row."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mmkp_core.evaluation.score_table import ScoreTable
from mmkp_core.evaluation.spec import ProtocolName
from mmkp_core.report.material import ScoredRun


@dataclass(frozen=True, slots=True, eq=False)
class Entrant:
    """The runs of one row, one for each training seed."""

    title: str
    runs: tuple[ScoredRun, ...]

    @property
    def first(self) -> ScoredRun:
        return self.runs[0]

    @property
    def heads(self) -> tuple[str, ...]:
        return self.first.heads

    def label(self, head: str = "") -> str:
        """The system's name, with its backbone, and with the head where it is not the system's own answer."""
        noted = f"{self.title} ({self.first.backbone})" if self.first.backbone else self.title
        return f"{noted}, {head}" if head and head != self.heads[0] else noted

    def tables(self, protocol: ProtocolName, head: str = "") -> list[ScoreTable]:
        """A table for each training seed; none where one of them was not scored under the protocol."""
        found = [run.tables.get(head or self.heads[0], {}).get(protocol) for run in self.runs]
        return [table for table in found if table] if all(found) else []


def entrants(runs: Sequence[ScoredRun]) -> list[Entrant]:
    """In the order of the runs; entrants of one system are told apart by the name of their first run."""
    groups: dict[tuple[str, str], list[ScoredRun]] = {}
    for run in runs:
        groups.setdefault((run.system.id, run.settings), []).append(run)
    several = Counter(system for system, _ in groups)
    return [
        Entrant(f"{of.system.title}, run {of.name}" if several[system] > 1 else of.system.title, tuple(group))
        for (system, _), group in groups.items()
        for of in [group[0]]
    ]
