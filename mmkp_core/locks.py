"""Locks on files, which the kernel drops when their holder ends, however it ends.

A lock is taken on an open file (`flock`): it needs no process ids, which are reused, and whoever waits sleeps in the
kernel. The files mean nothing by themselves and may lie about.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked(path: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold `path` alone; `waiting` is called once where another process or thread has to be waited for.

    The file goes with its holder: who waits for it meanwhile takes a new one.
    """
    fd = _take(path, waiting)
    try:
        yield
    finally:
        try:
            path.unlink(missing_ok=True)
        finally:
            os.close(fd)


def open_lock(path: Path) -> int:
    """A handle to lock `path` with, which this process's children do not get; closing it gives the lock back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(fd: int, *, shared: bool = False) -> bool:
    """Whether the lock could be taken now: alone, or `shared` with others who share it."""
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


def when_free(path: Path, act: Callable[[], None], *, shared: bool = False) -> None:
    """Call `act` in a thread of its own as soon as `path` can be taken; the lock stays with this process."""
    fd = open_lock(path)

    def wait() -> None:
        fcntl.flock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        act()

    threading.Thread(target=wait, name=f"waits for {path.name}", daemon=True).start()


def remove_lock(path: Path) -> bool:
    """Remove a lock's file unless somebody holds it; who waits for it meanwhile takes a new file."""
    fd = open_lock(path)
    try:
        if not try_lock(fd):
            return False
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(fd)


def _take(path: Path, waiting: Callable[[], None]) -> int:
    told = False
    while True:
        fd = open_lock(path)
        try:
            if not try_lock(fd):
                if not told:
                    waiting()
                    told = True
                fcntl.flock(fd, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(fd), os.stat(path)):
                    return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # of a file that was removed meanwhile, which the next who comes would not see
