"""Places that work waits for: on the accelerator, and among the requests to a teacher.

A server that is gone for a while costs a place at worst, never the hours of work that hold it. The place of a killed
process comes back when its lease ends.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from prefect.concurrency.sync import concurrency

from mmkp_core.errors import WrongInput
from tasks.run.away import patient

logger = logging.getLogger(__name__)
LEASE = "MMKP_LEASE_SECONDS"


@contextmanager
def slots(limit: str, count: int = 1) -> Iterator[None]:
    """`count` places under a limit that the bootstrap makes; one that does not exist is an error."""
    place = patient(_taken)(limit, count)
    try:
        yield
    finally:
        try:
            place.__exit__(None, None, None)
        except Exception as error:  # whatever the server says: what was done is worth more than its place
            logger.warning("the place under %s comes back when its lease ends: %s", limit, error)


def _taken(limit: str, count: int) -> AbstractContextManager[Any]:
    place = concurrency(
        limit, occupy=count, strict=True, lease_duration=lease_seconds(), raise_on_lease_renewal_failure=False
    )
    place.__enter__()
    return place


def lease_seconds() -> float:
    """For how long a place is kept for a process that is not heard of any more."""
    given = os.environ.get(LEASE, "300")
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 60 <= seconds <= 86_400:  # what Prefect takes
        raise WrongInput(f"{LEASE} is a number of seconds from 60 to 86400, not {given!r}")
    return seconds
