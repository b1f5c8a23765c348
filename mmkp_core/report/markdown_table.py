"""Tables of Markdown, and how scores and differences stand in them."""

from collections.abc import Iterable, Sequence

from mmkp_core.report.score_rows import Cell
from mmkp_core.report.wording import interval, percent


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """The first `words` columns hold words, the others figures, set to the right."""
    rule = ["---" if column < words else "---:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def score(cell: Cell | None, digits: int) -> str:
    if cell is None:
        return "–"
    value = percent(cell.value, digits)
    marked = {"best": f"**{value}**", "tied": f"≈ {value}", "": value}[cell.mark]
    between = interval(cell, digits)
    return f"{marked} ({between})" if between else marked


def difference(cell: Cell) -> str:
    """In points, with its interval where there is one."""
    between = "" if cell.low is None or cell.high is None else f" ({_points(cell.low)} to {_points(cell.high)})"
    return f"{_points(cell.value)}{between}"


def _points(share: float) -> str:
    return f"{100 * share:+.2f}"
