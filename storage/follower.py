"""Keeps the catalog's file at most a few seconds behind its store, while artifacts are published."""

import atexit
import logging
import threading
import time
from pathlib import Path

import duckdb

from mmkp_core.errors import MmkpError
from storage.catalog import as_of, refresh_since
from storage.store import Store

logger = logging.getLogger(__name__)

PAUSE = 3.0
"""Seconds between two refreshes, at least."""
SHARE = 0.1
"""Of the time, at most, that a busy store spends on them."""


class Follower:
    """To be called after each publish; the publisher does not wait.

    The file is refreshed soon after, at most once in a few seconds whatever number of processes publish, and once
    more when the process ends: the last state is never left out, except by a kill, after which the next publish or
    `catalog.refresh` brings it. A flow calls `catalog.refresh` at its end, to be current the moment it is done.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_once = threading.Event()
        self._thread: threading.Thread | None = None
        self._asked = 0.0
        atexit.register(self.finish)

    def __call__(self, store: Store) -> None:
        if not store.objects.is_local:
            return
        with self._lock:
            self._asked = time.time()
            if self._thread is None or not self._thread.is_alive():  # none, or one that a fork left behind
                self._thread = threading.Thread(target=self._follow, args=[store], daemon=True)
                self._thread.start()

    def _follow(self, store: Store) -> None:
        cost = 0.0
        while True:
            due = (as_of(store) or 0.0) + max(PAUSE, cost / SHARE)
            self._at_once.wait(max(0.0, due - time.time()))
            asked, begun = self._asked, time.monotonic()
            try:
                if Path(store.objects.base).is_dir():
                    refresh_since(store, asked)
            except (MmkpError, OSError, duckdb.Error) as error:
                logger.warning("the catalog of %s could not be written: %s", store.url, error)
            cost = time.monotonic() - begun
            with self._lock:
                if self._asked == asked:
                    self._thread = None
                    return

    def finish(self) -> None:
        """Bring the file up to date now, if it is behind; called by itself when the process ends."""
        self._at_once.set()
        if thread := self._thread:
            thread.join()
