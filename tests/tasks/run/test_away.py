"""Who calls while the server is away waits for it, and no longer than is stated."""

import httpx
import pytest

from tasks.run import away
from tasks.run.away import patient


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that passes when somebody sleeps."""
    now = [0.0]
    monkeypatch.setattr(away.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(away.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


@pytest.mark.fault(20)
def test_a_call_waits_for_a_server_that_comes_back(moments: list[float]) -> None:
    def call(word: str) -> str:
        if moments[0] < 180:
            raise httpx.ConnectError("nobody listens")
        return word

    assert patient(call)("done") == "done"
    assert 180 <= moments[0] < 185


def test_a_server_that_stays_away_is_an_error(moments: list[float]) -> None:
    def call() -> None:
        raise httpx.ConnectError("nobody listens")

    with pytest.raises(httpx.ConnectError):
        patient(call)()
    assert moments[0] == pytest.approx(away.SECONDS, abs=5)


def test_what_the_server_answers_is_not_asked_again(moments: list[float]) -> None:
    def call() -> None:
        raise ValueError("no such limit")

    with pytest.raises(ValueError, match="no such limit"):
        patient(call)()
    assert moments[0] == 0
