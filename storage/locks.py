"""Locks that the kernel drops when their holder dies.

On a store without local files there are none: a double build there is waste, never damage, because the
record that publishes a result goes last.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)


@contextmanager
def locked(folder: Path | None, name: str, *, told: bool = True) -> Iterator[None]:
    """Hold the lock called `name`; waits, saying so once if `told`, while another process or thread holds it."""
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.replace('/', '.')}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if told:
                logger.info("waiting for another run that is making %s", name)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
