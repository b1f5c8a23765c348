"""What a place is asked for with, and for how long it is kept."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

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
