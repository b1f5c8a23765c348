"""The report as one HTML page that opens anywhere.

One file: style, script and pictures are inside, nothing is fetched, and the page's content policy says so. The
script only hides and shows examples; without it the page is the same, longer.
"""

import base64
import functools
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mmkp_core.report import figures, wording
from mmkp_core.report.page import ReportData
from mmkp_core.report.post_rows import Answer, ExampleCard
from mmkp_core.report.score_rows import Cell, Leaderboard, LeaderRow, ReasoningRow, SliceChart, SliceScore

TEMPLATES = Path(__file__).parent / "templates"


def render_html(data: ReportData) -> str:
    """The whole page; it can be written as UTF-8 whatever the posts hold."""
    style, script = ((TEMPLATES / name).read_text("utf-8") for name in ("page.css", "page.js"))
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=data,
            style=Markup(style),
            script=Markup(script),
            policy="; ".join(
                [
                    "default-src 'none'",
                    "img-src data:",
                    f"style-src {_digest(style)}",
                    f"script-src {_digest(script)}",
                    "base-uri 'none'",
                    "form-action 'none'",
                ]
            ),
        )
    )


def _digest(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        shown=wording.shown,
        shown_text=wording.shown_text,
        unmarked=wording.unmarked,
        count=wording.count,
        percent=wording.percent,
        duration=wording.duration,
        metric=wording.metric_name,
        decimals=wording.decimals,
        interval=wording.interval,
        by_kind=_by_kind,
        axis=_axis,
        headline=_headline,
        grid=_grid,
        data_uri=_data_uri,
        slices=_slices_of,
        outcome=_outcome,
        choices=_choices,
        by_system=_by_system,
    )
    made.globals.update(
        protocols=wording.PROTOCOLS,
        interval_track=figures.interval_track,
        bar=figures.bar,
        loss_chart=figures.loss_chart,
        reasoning_chart=figures.reasoning_chart,
    )
    return made


def _by_kind(rows: Sequence[LeaderRow]) -> list[tuple[str, list[LeaderRow]]]:
    """Rows under their kinds, both in the order given."""
    kinds = list(dict.fromkeys(row.kind for row in rows))
    return [(kind, [row for row in rows if row.kind == kind]) for kind in kinds]


def _axis(cells: Iterable[Cell | None]) -> tuple[float, float]:
    """One axis for all cells: from 0 to the highest end of an interval."""
    ends = [cell.value if cell.high is None else cell.high for cell in cells if cell]
    return 0.0, max(ends, default=1.0)


def _headline(board: Leaderboard) -> Markup:
    """The answer in a sentence: who leads, by what figure, and who cannot be told from the leader."""
    first = [(row, row.cells[0]) for row in board.rows if row.cells and row.cells[0]]
    best = next(((row, cell) for row, cell in first if cell.mark == "best"), None)
    if best is None:
        return Markup("")
    digits = wording.decimals(board.posts)
    between = wording.interval(best[1], digits)
    tied = [_name(row) for row, cell in first if cell.mark == "tied"]
    if tied:
        named = Markup(", ").join(tied[:4]) + (f" and {len(tied) - 4} more" if len(tied) > 4 else "")
        rest = Markup(" {} cannot be told apart from it on these posts.").format(named)
    elif len(first) > 1:
        rest = Markup(" Every other system is significantly below it.")
    else:
        rest = Markup("")
    return Markup("<strong>{}</strong> leads with {} <strong>{}</strong>{}.{}").format(
        _name(best[0]),
        wording.metric_name(board.metrics[0]),
        wording.percent(best[1].value, digits),
        f" ({between})" if between else "",
        rest,
    )


def _name(row: LeaderRow) -> Markup:
    beside = ", ".join(word for word in (row.note, row.head) if word)
    return wording.shown(row.system) + (Markup(" ({})").format(wording.shown(beside)) if beside else "")


def _grid(chart: SliceChart) -> tuple[list[tuple[str, int]], list[tuple[str, list[SliceScore | None]]]]:
    """The chart as a table: slices with their posts across, systems down."""
    slices = list(dict.fromkeys((score.slice, score.posts) for score in chart.scores))
    systems = list(dict.fromkeys(score.system for score in chart.scores))
    found = {(score.system, score.slice): score for score in chart.scores}
    return slices, [(system, [found.get((system, name)) for name, _ in slices]) for system in systems]


def _data_uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _slices_of(card: ExampleCard) -> Iterator[str]:
    """What its gold phrases can be filtered by."""
    for gold in card.gold:
        if gold.present is not None:
            yield "present in the text" if gold.present else "absent from the text"
        if gold.seen is not None:
            yield "seen in training" if gold.seen else "unseen in training"
        if gold.kind:
            yield f"kind: {wording.unmarked(gold.kind)}"


def _outcome(answer: Answer) -> str:
    if answer.guesses and answer.guesses[0].right:
        return "first"
    return "later" if any(guess.right for guess in answer.guesses) else "none"


def _choices(cards: Sequence[ExampleCard]) -> tuple[list[str], list[str]]:
    """Slices and systems that the examples can be filtered by."""
    slices = dict.fromkeys(name for card in cards for name in _slices_of(card))
    systems = dict.fromkeys(answer.system for card in cards for answer in card.answers)
    return list(slices), list(systems)


def _by_system(rows: Sequence[ReasoningRow]) -> list[tuple[str, list[ReasoningRow]]]:
    systems = dict.fromkeys(row.system for row in rows)
    return [(system, [row for row in rows if row.system == system]) for system in systems]
