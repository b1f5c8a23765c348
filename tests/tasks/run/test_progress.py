"""What a long task says of what is left."""

import logging
import threading
import time
from typing import Any

import pytest

import tasks.run.progress
from mmkp_core.learning import Progress
from tasks.run.progress import Bar, progress


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


def test_a_server_that_is_away_delays_and_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    away, shown = threading.Event(), list[float]()

    def create(**_: Any) -> str:
        assert away.wait(30)
        raise ConnectionError("the server is away")

    monkeypatch.setattr(tasks.run.progress, "create_progress_artifact", create)
    monkeypatch.setattr(tasks.run.progress, "update_progress_artifact", lambda _, progress: shown.append(progress))
    monkeypatch.setattr(tasks.run.progress, "CLOSE_SECONDS", 0.05)
    begun = time.monotonic()
    bar = Bar("training")
    for _ in range(1000):
        bar.show(0.5)
    bar.close(1.0)
    assert time.monotonic() - begun < 10  # not the 30 s that the server is away
    away.set()
    assert shown == []


def test_the_bar_shows_the_newest_share_and_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, shown = threading.Event(), list[float]()

    def create(**_: Any) -> str:
        assert go_on.wait(30)
        return "artifact"

    monkeypatch.setattr(tasks.run.progress, "create_progress_artifact", create)
    monkeypatch.setattr(tasks.run.progress, "update_progress_artifact", lambda _, progress: shown.append(progress))
    bar = Bar("training")
    for share in (0.1, 0.2, 0.3):
        bar.show(share)
    go_on.set()
    bar.close(1.0)
    assert shown[-1] == 100.0
    assert shown == sorted(shown)
