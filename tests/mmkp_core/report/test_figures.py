import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.report.figures import HEIGHT, WIDTH, bar, interval_track, loss_chart, reasoning_chart
from mmkp_core.report.page import Curve
from mmkp_core.report.score_rows import Cell, ReasoningRow


def numbers(drawing, attribute):
    return [float(value) for value in re.findall(rf'\b{attribute}="([-\d.]+)"', drawing)]


def test_a_bar_is_filled_to_its_share_and_no_further():
    assert numbers(bar(0.25), "width") == [100, 25]
    assert numbers(bar(7), "width") == [100, 100]
    assert numbers(bar(-1), "width") == [100, 0]


def test_an_interval_stands_around_its_score():
    drawn = interval_track(Cell(0.5, 0.4, 0.6), 0.0, 1.0)
    start, end = numbers(drawn, "x1")[1], numbers(drawn, "x2")[1]
    assert (start + end) / 2 == pytest.approx(numbers(drawn, "cx")[0], abs=0.1)


def test_a_score_without_an_interval_has_no_whisker():
    assert "whisker" not in interval_track(Cell(0.5), 0.0, 1.0)


def test_a_lower_loss_stands_lower():
    drawn = loss_chart(Curve(run="x", train=((1, 4.0), (2, 2.0), (3, 1.0))))
    assert numbers(drawn, "cy") == sorted(numbers(drawn, "cy"))


def test_a_chart_says_what_it_shows():
    drawn = loss_chart(Curve(run="copy <1>", train=((1, 4.0),), valid=((1, 3.25),)))
    label = ElementTree.fromstring(drawn).attrib["aria-label"]
    assert label == "loss of copy <1> by epoch, 3.25 on validation at the end"


LOSS = st.floats() | st.floats(min_value=0, max_value=20)


@given(points=st.lists(st.tuples(st.integers(0, 10_000), LOSS), max_size=60))
def test_any_curve_is_a_drawing_inside_its_frame(points):
    drawn = loss_chart(Curve(run="x", train=tuple(points), valid=tuple(points[:3])))
    ElementTree.fromstring(drawn)
    assert all(0 <= x <= WIDTH for x in numbers(drawn, "cx"))
    assert all(0 <= y <= HEIGHT for y in numbers(drawn, "cy"))


def test_reasoning_charts_share_the_upright_axis():
    def drawn(value):
        rows = [
            ReasoningRow(
                system="x",
                bucket="",
                mean_tokens=t,
                mean_steps=0,
                mean_seconds=0,
                posts=9,
                cell=Cell(value, value - 0.1, value + 0.1),
            )
            for t in (0, 50)
        ]
        return numbers(reasoning_chart(rows, "f1@1", 0.8), "cy")

    low, high = drawn(0.2), drawn(0.4)
    assert low[0] > high[0]
    assert math.isclose(low[0], low[1])
