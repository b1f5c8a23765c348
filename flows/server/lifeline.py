"""Tells a process that the one it serves is gone, also when that one was killed.

A file lock does it: whoever is alive holds it, the kernel drops it with the last breath of its holder, and the one
that watches waits in `flock` without polling. A parent's process id would be reused, and `PR_SET_PDEATHSIG`
fires when the *thread* that started the child ends.
"""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLLOW = "MMKP_FOLLOW"  # set by `mmkp serve` for the flow processes it starts: the lock that it holds
GRACE_SECONDS = 5.0


def open_lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(fd: int, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path, *, shared: bool = False) -> bool:
    """Whether somebody holds `path` so that this process could not take it (shared, where asked) now."""
    if not path.exists():
        return False
    fd = open_lock(path)
    try:
        return not try_lock(fd, shared=shared)
    finally:
        os.close(fd)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold `path` alone, after waiting for it."""
    fd = open_lock(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)


def when_nobody_holds(path: Path, act: Callable[[], None]) -> None:
    """Call `act` in a thread of its own as soon as no process holds `path`; the lock stays with this process."""
    fd = open_lock(path)

    def wait() -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)
        act()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def follow() -> None:
    """End this process with the `mmkp serve` that started it, also when that one was killed."""
    path = os.environ.get(FOLLOW)
    if not path:
        return
    fd = open_lock(Path(path))

    def wait() -> None:
        fcntl.flock(fd, fcntl.LOCK_SH)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)  # a flow that hangs on its dead server does not hear the signal
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
