"""Leaderboards, and the slices in which systems differ."""

from collections.abc import Iterator, Mapping, Sequence

from mmkp_core.evaluation.post_scores import Selection
from mmkp_core.evaluation.significance import Resampling, Standing, standings
from mmkp_core.evaluation.slices import KIND, LEAKED
from mmkp_core.evaluation.spec import EvaluateSpec, ProtocolName
from mmkp_core.report.entrants import Entrant
from mmkp_core.report.score_rows import Cell, Leaderboard, LeaderRow, SliceChart, SliceScore

PROTOCOLS: tuple[ProtocolName, ...] = ("cmkp", "aimkp", "strict")
METRICS = ("f1@1", "f1@3", "map@5")
MAIN: tuple[ProtocolName, str] = ("cmkp", "f1@1")
SLICES = ("present", "absent", "seen", "unseen")
OF_KINDS = "r@5"
SELECTION: Selection = {
    **{(protocol, metric): ("all",) for protocol in PROTOCOLS for metric in METRICS},
    MAIN: ("all", *SLICES, LEAKED),
    (MAIN[0], OF_KINDS): (KIND,),
}
"""What the sections of a report read of post scores."""

DRAWN = EvaluateSpec().resamples
"""Draws behind the marks where scores were asked for without intervals."""

Key = tuple[Entrant, str]
Figure = tuple[str, str]


def boards(rows: Sequence[Entrant], split: str = "") -> Iterator[Leaderboard]:
    """A leaderboard for each protocol under which the runs of one split were scored."""
    for protocol in PROTOCOLS:
        found = _standings(rows, protocol, [("all", metric) for metric in METRICS], every_head=True)
        if not found:
            continue
        evaluation = rows[0].first.evaluation
        keys = next(iter(found.values()))
        yield Leaderboard(
            protocol=protocol,
            metrics=METRICS,
            rows=tuple(
                LeaderRow(
                    system=row.title,
                    kind=row.first.system.kind,
                    head="" if len(row.heads) == 1 else head,
                    seeds=len(row.runs),
                    note=row.first.backbone,
                    cells=tuple(_cell(found["all", metric][row, head], evaluation) for metric in METRICS),
                )
                for row, head in keys
            ),
            posts=max(standing.posts for standing in keys.values()),
            split=split,
            confidence=evaluation.confidence,
        )


def overview(found: Sequence[Leaderboard]) -> SliceChart | None:
    """The main figure of every system on every split; None for a single split."""
    of_main = [board for board in found if board.protocol == MAIN[0]]
    if len(of_main) < 2:
        return None
    scores = tuple(
        SliceScore(system=_label(row), slice=board.split, cell=cell, posts=board.posts)
        for board in of_main
        for row in board.rows
        for cell in row.cells[:1]
        if cell
    )
    return SliceChart(title="Every split", protocol=MAIN[0], metric=MAIN[1], scores=scores)


def slice_charts(rows: Sequence[Entrant], split: str = "") -> Iterator[SliceChart]:
    """Each system's own answers on present, absent, seen and unseen phrases, and on each kind of phrase."""
    tables = [table for row in rows for table in row.tables(MAIN[0])]
    kinds = sorted({name for table in tables for name in table.slices if name.startswith(KIND)})
    charts: tuple[tuple[str, Sequence[str], str, str], ...] = (
        ("In the text or not, trained on or not", SLICES, MAIN[1], ""),
        (
            "By where the phrase can be read",
            kinds,
            OF_KINDS,
            "Recall within five phrases: a guess has no kind, so only recall can be asked of one.",
        ),
    )
    for title, slices, metric, caption in charts:
        found = _standings(rows, MAIN[0], [(name, metric) for name in slices], every_head=False)
        scores = tuple(
            SliceScore(
                system=row.label(),
                slice=name.removeprefix(KIND),
                cell=_cell(by_row[row, row.heads[0]], row.first.evaluation, marked=False),
                posts=by_row[row, row.heads[0]].posts,
            )
            for row in rows
            for (name, _), by_row in found.items()
            if (row, row.heads[0]) in by_row
        )
        if scores:
            yield SliceChart(title=title, protocol=MAIN[0], metric=metric, scores=scores, split=split, caption=caption)


def _standings(
    rows: Sequence[Entrant], protocol: ProtocolName, figures: Sequence[Figure], *, every_head: bool
) -> Mapping[Figure, Mapping[Key, Standing]]:
    """Where each row stands in the figures that all of them have."""
    keys = [(row, head) for row in rows for head in (row.heads if every_head else row.heads[:1])]
    tables = {number: found for number, (row, head) in enumerate(keys) if (found := row.tables(protocol, head))}
    known = [
        (name, metric)
        for name, metric in figures
        if all(name in table.slices and metric in table.slices[name].metrics for of in tables.values() for table in of)
    ]
    if not tables or not known:
        return {}
    evaluation = rows[0].first.evaluation
    resampling = Resampling(
        resamples=evaluation.resamples or DRAWN, confidence=evaluation.confidence, seed=evaluation.seed
    )
    named = {str(number): found for number, found in tables.items()}
    return {
        figure: {keys[int(number)]: standing for number, standing in by_row.items()}
        for figure, by_row in standings(named, known, resampling).items()
    }


def _cell(standing: Standing, evaluation: EvaluateSpec, *, marked: bool = True) -> Cell:
    mark = standing.mark if marked else ""
    if not evaluation.resamples:
        return Cell(standing.value, mark=mark)
    return Cell(standing.value, standing.low, standing.high, mark)


def _label(row: LeaderRow) -> str:
    return " ".join(part for part in (row.system, row.head, f"({row.note})" if row.note else "") if part)
