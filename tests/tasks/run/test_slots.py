"""What a place is asked for with, and for how long it is kept."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import httpx
import pytest

from mmkp_core.errors import WrongInput
from tasks.run import slots


@pytest.mark.fault(20)
def test_a_lost_lease_is_not_the_end_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def concurrency(limit: str, **options: Any) -> AbstractContextManager[None]:
        seen.update(options, limit=limit)
        return nullcontext()

    monkeypatch.setattr(slots, "concurrency", concurrency)
    with slots.slots("teacher", 8):
        pass
    assert (seen["limit"], seen["occupy"], seen["strict"]) == ("teacher", 8, True)
    assert seen["raise_on_lease_renewal_failure"] is False


@pytest.mark.fault(20)
def test_a_server_that_is_away_when_the_place_is_given_back_costs_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def concurrency(limit: str, **options: Any) -> Iterator[None]:
        yield
        raise httpx.ConnectError("nobody listens")

    monkeypatch.setattr(slots, "concurrency", concurrency)
    with slots.slots("gpu"):
        done = "hours of work"
    assert done


def test_what_fails_inside_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "concurrency", lambda limit, **options: nullcontext())
    with pytest.raises(ZeroDivisionError), slots.slots("gpu"):
        raise ZeroDivisionError


def test_the_environment_says_how_long_a_place_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(slots.LEASE, raising=False)
    assert slots.lease_seconds() == 300
    monkeypatch.setenv(slots.LEASE, "60")
    assert slots.lease_seconds() == 60


@pytest.mark.parametrize("given", ["", "59", "1e9", "nan", "a minute"])
def test_other_lengths_are_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(slots.LEASE, given)
    with pytest.raises(WrongInput, match="MMKP_LEASE_SECONDS is a number of seconds from 60 to 86400"):
        slots.lease_seconds()
