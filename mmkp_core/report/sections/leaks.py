"""The leak effect by system: scores with duplicates of test posts trained on, and without them."""

from collections.abc import Iterator, Sequence

from mmkp_core.evaluation.leak_effect import leak_effect
from mmkp_core.evaluation.significance import Comparison, Resampling, Standing
from mmkp_core.report.entrants import Entrant
from mmkp_core.report.score_rows import Cell, LeakRow
from mmkp_core.report.sections.scores import MAIN


def leaks(leaky: Sequence[Entrant], purged: Sequence[Entrant]) -> Iterator[LeakRow]:
    """A row for each system that was trained both ways; none where no test post leaks."""
    for row in leaky:
        other = next((one for one in purged if one.first.system.id == row.first.system.id), None)
        if other is None or not row.tables(MAIN[0]) or not other.tables(MAIN[0]):
            continue
        resampling = Resampling(confidence=row.first.evaluation.confidence)
        found = leak_effect(row.tables(MAIN[0]), other.tables(MAIN[0]), MAIN[1], resampling)
        if found:
            yield LeakRow(
                system=row.label(),
                posts=found.posts,
                leaked=_score(found.leaked),
                purged=_score(found.purged),
                effect=_difference(found.difference),
                effect_of_all=_difference(found.difference_of_all),
            )


def _score(standing: Standing) -> Cell:
    return Cell(standing.value, standing.low, standing.high)


def _difference(comparison: Comparison) -> Cell:
    return Cell(comparison.difference, comparison.low, comparison.high)
