"""Progress of a long task: a progress artifact in the UI, and now and then a log line with what is left."""

import logging
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


@contextmanager
def progress(description: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[Progress], None]]:
    """A function to call as often as one likes with how far the work is."""
    artifact: UUID | None = None
    if TaskRunContext.get() is not None:
        artifact = cast(UUID, create_progress_artifact(progress=0.0, description=description))
    begun = clock()
    shown = {"ui": begun, "log": begun}
    first: tuple[float, int] | None = None  # what stands before the first piece is loading, not pace
    last: Progress | None = None

    def report(now: Progress) -> None:
        nonlocal first, last
        last = now
        moment = clock()
        first = first or (moment, now.done)
        share = now.done / now.total if now.total else 0.0
        if artifact and moment - shown["ui"] >= UI_SECONDS:
            shown["ui"] = moment
            update_progress_artifact(artifact, progress=round(100.0 * share, 1))
        if moment - shown["log"] >= LOG_SECONDS:
            shown["log"] = moment
            since, done = moment - first[0], now.done - first[1]
            left = f", about {since / done * (now.total - now.done):.0f} s left" if done else ""
            note = f" ({now.note})" if now.note else ""
            logger.info("%s: %s of %s%s%s", description, f"{now.done:,}", f"{now.total:,}", note, left)

    yield report
    if artifact and last is not None:
        update_progress_artifact(artifact, progress=100.0)
