import asyncio

import pytest

from mmkp_core.teacher.pace import Bucket, Pace, backoff
from mmkp_core.teacher.spec import TeacherLimits


class JumpClock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


def departures(limits: TeacherLimits, costs: list[float]) -> list[float]:
    async def run() -> list[float]:
        pace = Pace(limits, JumpClock())
        return [await pace.turn(cost) for cost in costs]

    return asyncio.run(run())


def test_without_rates_nobody_waits() -> None:
    assert departures(TeacherLimits(), [10.0] * 5) == [0.0] * 5


def test_requests_leave_at_their_rate() -> None:
    """120 a minute: two at once, then one each half second."""
    assert departures(TeacherLimits(requests_per_minute=120), [1.0] * 6) == pytest.approx([0, 0, 0.5, 1, 1.5, 2])


def test_a_large_request_is_waited_for_by_the_next() -> None:
    """600 tokens a minute are 10 a second: 50 taken from 10 leave 40 to refill, and one more to pass."""
    assert departures(TeacherLimits(tokens_per_minute=600), [50, 5, 5]) == pytest.approx([0, 4.1, 4.6])


def test_an_estimate_is_put_right() -> None:
    bucket = Bucket(600)
    assert bucket.wait(0.0) == 0.0
    bucket.take(10)
    bucket.take(-9)  # nine too many were expected
    assert bucket.wait(0.0) == 0.0
    bucket.take(20)  # 9 - 20 = -11: twelve are missing to one, at ten a second
    assert bucket.wait(0.0) == pytest.approx(1.2)


def test_the_bucket_does_not_save_up_for_a_storm() -> None:
    bucket = Bucket(60)
    assert bucket.wait(0.0) == 0.0
    bucket.take(1)
    assert bucket.wait(3600.0) == 0.0
    bucket.take(1)
    assert bucket.wait(3600.0) == pytest.approx(1.0)


def test_a_pause_holds_back_everyone() -> None:
    async def run() -> list[float]:
        clock = JumpClock()
        pace = Pace(TeacherLimits(), clock)
        sent = await pace.turn(1)
        pace.pause(sent, 30.0)
        pace.pause(sent, 10.0)  # a shorter wish does not end a longer one
        return await asyncio.gather(*(pace.turn(1) for _ in range(3)))

    assert asyncio.run(run()) == [30.0] * 3


def test_turned_away_together_is_one_event() -> None:
    """Without a stated pause the pauses double, but not once for each request in flight."""

    async def run() -> tuple[list[float], float]:
        clock = JumpClock()
        pace = Pace(TeacherLimits(), clock)
        sent = [await pace.turn(1) for _ in range(64)]
        clock.time = 1.0
        first = [pace.pause(at, None) for at in sent]
        return first, pace.pause(await pace.turn(1), None)

    first, second = asyncio.run(run())
    assert set(first) == {first[0]}
    assert 0.25 <= first[0] <= 0.5 <= second <= 1.0


def test_backoff_doubles_to_a_bound_and_repeats_itself() -> None:
    for attempt in range(1, 40):
        whole = min(30.0, 0.5 * 2 ** (attempt - 1))
        assert whole / 2 <= backoff(attempt, "a") <= whole
    assert backoff(3, "a") == backoff(3, "a") != backoff(3, "b")
