"""The figures of a report as SVG drawings.

Colours come from its style sheet (a colour-blind safe palette, light and dark), sizes are
those of a phone so that labels stay readable, every drawing has a label that says what it shows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mmkp_core.report.page import Curve
from mmkp_core.report.score_rows import Cell, ReasoningRow
from mmkp_core.report.wording import metric_name, unmarked

WIDTH, HEIGHT = 340, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 12, 34
TRACK = 240
DIVERGED = 1e9
"""A loss above this would press everything else onto the axis."""

Point = tuple[float, float]


def interval_track(cell: Cell, low: float, high: float) -> Markup:
    """A score and its interval on an axis from `low` to `high` that all rows of a table share."""
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return 6 + (TRACK - 12) * min(max((value - low) / span, 0.0), 1.0)

    whisker = Markup("")
    if cell.low is not None and cell.high is not None:
        whisker = Markup('<line class="whisker" x1="{:.1f}" x2="{:.1f}" y1="10" y2="10"/>').format(
            x(cell.low), x(cell.high)
        )
    return Markup(
        '<svg class="track {}" width="{}" height="20" viewBox="0 0 {} 20" aria-hidden="true">'
        '<line class="axis" x1="6" x2="{}" y1="10" y2="10"/>{}<circle cx="{:.1f}" cy="10" r="3"/></svg>'
    ).format(cell.mark or "behind", TRACK, TRACK, TRACK - 6, whisker, x(cell.value))


def bar(share: float, name: str = "bar") -> Markup:
    """A bar as wide as the room it is given, filled to `share`."""
    filled = 100 * min(max(share, 0.0), 1.0)
    return Markup(
        '<svg class="{}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="ground" width="100" height="8"/><rect class="fill" width="{:.2f}" height="8"/></svg>'
    ).format(name, filled)


def loss_chart(curve: Curve) -> Markup:
    """Training and validation loss of one run; figures that diverged are left out."""
    train, valid = _finite(curve.train), _finite(curve.valid)
    frame = _Frame.around([*train, *valid])
    drawn = frame.line(train, "train") + frame.line(valid, "valid")
    if curve.best_at is not None:
        drawn = frame.upright(curve.best_at) + drawn
    ends = f", {valid[-1][1]:.3g} on validation at the end" if valid else ""
    unit = unmarked(curve.unit)
    return frame.drawing(f"{unmarked(curve.value_name)} of {unmarked(curve.run)} by {unit}{ends}", drawn, unit, 1.0)


def reasoning_chart(rows: Sequence[ReasoningRow], metric: str, top: float) -> Markup:
    """Score against mean length of the reasoning, with intervals, for one system; `top` is shared by all."""
    points = [(row.mean_tokens, row.cell.value) for row in rows]
    frame = _Frame.around([*points, (0.0, top)])
    spread = Markup("").join(
        Markup('<line class="whisker" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/>').format(
            frame.x(row.mean_tokens), frame.y(row.cell.low), frame.y(row.cell.high)
        )
        for row in rows
        if row.cell.low is not None and row.cell.high is not None
    )
    label = f"{metric_name(metric)} of {unmarked(rows[0].system)} by length of the answer"
    return frame.drawing(label, spread + frame.line(points, "valid"), "tokens of the answer", 100.0)


def _finite(points: Sequence[Point]) -> list[Point]:
    return [(x, y) for x, y in points if math.isfinite(x) and abs(y) <= DIVERGED]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Axes that hold the data; the upright one starts at 0."""

    x_low: float
    x_high: float
    y_high: float

    @classmethod
    def around(cls, points: Sequence[Point]) -> "_Frame":
        xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [1.0]
        steps = _ticks(max(ys) if max(ys) > 0 else 1.0)
        return cls(min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1, steps[-1])

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.x_low) / (self.x_high - self.x_low)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(value / self.y_high, 0.0), 1.0)

    def line(self, points: Sequence[Point], name: str) -> Markup:
        """A line with a dot on each point, without dots where there are too many to tell apart."""
        places = [(self.x(x), self.y(y)) for x, y in points]
        path = "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in places) if places else ""
        dots = Markup("").join(
            Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3"/>').format(x, y) for x, y in places if len(places) <= 40
        )
        return Markup('<g class="line {}"><path d="{}"/>{}</g>').format(name, path, dots)

    def upright(self, at: float) -> Markup:
        return Markup('<line class="kept" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>').format(
            self.x(at), TOP, HEIGHT - BOTTOM
        )

    def drawing(self, label: str, drawn: Markup, x_name: str, y_times: float) -> Markup:
        across = Markup("").join(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/><text x="{}" y="{:.1f}">{}</text>'
            ).format(
                LEFT, WIDTH - RIGHT, self.y(tick), self.y(tick), LEFT - 6, self.y(tick) + 4, f"{tick * y_times:.6g}"
            )
            for tick in _ticks(self.y_high)
        )
        ends = Markup('<text class="low" x="{}" y="{}">{}</text><text x="{}" y="{}">{}</text>').format(
            LEFT, HEIGHT - 14, f"{self.x_low:.0f}", WIDTH - RIGHT, HEIGHT - 14, f"{self.x_high:.0f}"
        )
        name = Markup('<text class="name" x="{}" y="{}">{}</text>').format(
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_name
        )
        return Markup('<svg class="chart" role="img" aria-label="{}" viewBox="0 0 {} {}">{}{}{}{}</svg>').format(
            label, WIDTH, HEIGHT, across, ends, name, drawn
        )


def _ticks(high: float) -> list[float]:
    """Round steps from 0 up to at least `high`, three to five of them."""
    rough = high / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 2.5, 5, 10) if size * times >= rough * (1 - 1e-9))
    return [step * number for number in range(math.ceil(high / step - 1e-9) + 1)]
