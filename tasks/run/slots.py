"""Places that work waits for: on the accelerator, and among the requests to a teacher.

A server that is gone for a while costs a place at worst, never the hours of work that hold it. The place of a killed
process comes back when its lease ends.
"""

import os
from contextlib import AbstractContextManager
from typing import Any

from prefect.concurrency.sync import concurrency

from mmkp_core.errors import WrongInput

LEASE = "MMKP_LEASE_SECONDS"


def slots(limit: str, count: int = 1) -> AbstractContextManager[Any]:
    """`count` places under a limit that the bootstrap makes; one that does not exist is an error."""
    return concurrency(
        limit, occupy=count, strict=True, lease_duration=lease_seconds(), raise_on_lease_renewal_failure=False
    )


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
