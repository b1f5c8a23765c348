"""What a long task says of what is left."""

import logging

import pytest

from mmkp_core.learning import Progress
from tasks.run.progress import progress


def test_the_time_left_follows_from_the_pace_after_the_first_piece(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tasks.run.progress")
    now = 0.0
    with progress("reading", clock=lambda: now) as report:
        now = 100.0  # an engine that loads
        report(Progress(1, 21))
        now = 120.0
        report(Progress(11, 21, "images"))
    assert caplog.messages == ["reading: 1 of 21", "reading: 11 of 21 (images), about 20 s left"]


def test_nothing_is_said_more_often_than_every_few_seconds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tasks.run.progress")
    with progress("reading", clock=lambda: 0.0) as report:
        for done in range(100):
            report(Progress(done, 100))
    assert caplog.messages == []
