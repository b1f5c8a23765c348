"""Says when the next request may be sent: after the pauses that the endpoint wants, within the rates.

Requests pass one by one in the order in which they came, so they do not all leave at once when a pause ends.
"""

import asyncio
from typing import Protocol

from mmkp_core.seeding import python_generator
from mmkp_core.teacher.spec import TeacherLimits

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds, where the endpoint does not say how long


class Clock(Protocol):
    def now(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class LoopClock:
    """The running event loop's own time."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Bucket:
    """A rate a minute as a bucket that refills all the time and holds a second's worth.

    Whoever comes while there is something in it may pass and take more than there is: a request dearer than a second's
    worth must pass at some time, and what it overdraws, the next ones wait for.
    """

    def __init__(self, per_minute: float) -> None:
        self._per_second = per_minute / 60
        self._most = max(1.0, self._per_second)
        self._level = self._most
        self._filled_at: float | None = None

    def wait(self, now: float) -> float:
        """Seconds until somebody may pass."""
        if not self._per_second:
            return 0.0
        if self._filled_at is not None:
            self._level = min(self._most, self._level + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        return 0.0 if self._level > 1 - 1e-9 else (1 - self._level) / self._per_second

    def take(self, amount: float) -> None:
        """Also below zero, and also back: what an estimate was wrong by."""
        self._level -= amount


class Pace:
    def __init__(self, limits: TeacherLimits, clock: Clock) -> None:
        self._clock = clock
        self._requests = Bucket(limits.requests_per_minute)
        self._tokens = Bucket(limits.tokens_per_minute)
        self._turnstile = asyncio.Lock()
        self._still_until = float("-inf")
        self._paused_at = float("-inf")
        self._in_a_row = 0
        self.waited = 0.0
        """Seconds of pauses that the endpoint wanted."""

    async def turn(self, tokens: float) -> float:
        """Pass when allowed; the time of passing."""
        async with self._turnstile:
            while (wait := self._wait(now := self._clock.now())) > 0:
                await self._clock.sleep(wait)
            self._requests.take(1)
            self._tokens.take(tokens)
            return now

    def answered(self, tokens: float) -> None:
        """`tokens` is what the request took more than was thought."""
        self._tokens.take(tokens)
        self._in_a_row = 0

    def pause(self, sent: float, seconds: float | None) -> float:
        """Hold all requests back for `seconds`, or for ever longer where the endpoint does not say how long.

        Those that were in flight together when the first was turned away are one event, not many.
        """
        if sent >= self._paused_at:
            self._in_a_row += 1
            self._paused_at = self._clock.now()
        seconds = backoff(self._in_a_row, "pause") if seconds is None else seconds
        until = self._clock.now() + seconds
        if until > self._still_until:
            self.waited += until - max(self._still_until, self._clock.now())
            self._still_until = until
        return seconds

    def _wait(self, now: float) -> float:
        return max(self._still_until - now, self._requests.wait(now), self._tokens.wait(now))


def backoff(attempt: int, *purpose: str | int) -> float:
    """Seconds before the next try: doubling, between a half and the whole of it, by the purpose's own draw."""
    whole = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt - 1, 16))
    return whole * python_generator(attempt, "backoff", *purpose).uniform(0.5, 1.0)
