"""Progress of a long task: a progress artifact in the UI, and now and then a log line with what is left."""

import contextvars
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext

from mmkp_core.learning import Progress

logger = logging.getLogger(__name__)

UI_SECONDS = 2.0  # an update is an API call; more often, the server would lag behind the work
LOG_SECONDS = 15.0
CLOSE_SECONDS = 5.0


@contextmanager
def progress(description: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[Progress], None]]:
    """A function to call as often as one likes with how far the work is; it never waits for the server."""
    bar = Bar(description) if TaskRunContext.get() is not None else None
    begun = clock()
    shown = {"ui": begun, "log": begun}
    first: tuple[float, int] | None = None  # what stands before the first piece is loading, not pace
    last: Progress | None = None

    def report(now: Progress) -> None:
        nonlocal first, last
        last = now
        moment = clock()
        first = first or (moment, now.done)
        if bar and moment - shown["ui"] >= UI_SECONDS:
            shown["ui"] = moment
            bar.show(now.done / now.total if now.total else 0.0)
        if moment - shown["log"] >= LOG_SECONDS:
            shown["log"] = moment
            since, done = moment - first[0], now.done - first[1]
            left = f", about {since / done * (now.total - now.done):.0f} s left" if done else ""
            note = f" ({now.note})" if now.note else ""
            logger.info("%s: %s of %s%s%s", description, f"{now.done:,}", f"{now.total:,}", note, left)

    try:
        yield report
    finally:
        if bar:
            bar.close(1.0 if last is not None and sys.exc_info()[0] is None else None)


class Bar:
    """A progress artifact that a thread of its own keeps up to date: a server that is away delays no work."""

    def __init__(self, description: str) -> None:
        self._shares: queue.Queue[float | None] = queue.Queue()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=[self._keep, description], daemon=True)
        self._thread.start()

    def show(self, share: float) -> None:
        self._shares.put(share)

    def close(self, share: float | None) -> None:
        """Show the last share, if there is one, and leave a server that does not answer to itself."""
        if share is not None:
            self._shares.put(share)
        self._shares.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _keep(self, description: str) -> None:
        try:
            artifact = cast(UUID, create_progress_artifact(progress=0.0, description=description))
            while (share := self._newest()) is not None:
                update_progress_artifact(artifact, progress=round(100.0 * share, 1))
        except Exception as error:  # whatever the server says: progress is never worth the work
            logger.debug("no progress of %r is shown any more: %s", description, error)

    def _newest(self) -> float | None:
        share = self._shares.get()
        while share is not None and not self._shares.empty():
            if (later := self._shares.get()) is None:
                self._shares.put(None)
                break
            share = later
        return share
