"""Calls of a server that may be away for some minutes: they wait for it.

Prefect's client waits on connections that it has had before. Calls outside of its engine open one of their own, and
give up at once where nobody listens.
"""

import functools
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import httpx

P = ParamSpec("P")
R = TypeVar("R")

SECONDS = 600.0
PAUSE = 2.0


def patient(call: Callable[P, R]) -> Callable[P, R]:
    """`call`, made again while nobody listens where the server was."""

    @functools.wraps(call)
    def waiting(*args: P.args, **kwargs: P.kwargs) -> R:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                return call(*args, **kwargs)
            except httpx.ConnectError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE)

    return waiting
