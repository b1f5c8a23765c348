"""The flows, one file each, read top down.

`stages` holds what they have in common, `settings` what can be set. `command/` makes the command line from them,
`server/` runs Prefect. Importing this package loads nothing heavy.
"""

import logging
import os
from pathlib import Path

from mmkp_core.errors import MmkpError
from mmkp_core.processes import end_with_holder

FOLLOW = "MMKP_FOLLOW"  # set by `mmkp serve` for the flow processes it starts: the lock that it holds


def without_traceback(record: logging.LogRecord) -> bool:
    """Our own errors say what to do; where in the code they rose helps nobody who reads them."""
    if record.exc_info and isinstance(record.exc_info[1], MmkpError):
        record.exc_info = None
    return True


# Whatever imports a flow may be a process that `mmkp serve` started: it ends with that one, and the log lines of
# the layers below reach its flow run, which takes a level of their own (the root's would swallow them).
if serving := os.environ.get(FOLLOW):
    end_with_holder(Path(serving))
for layer in ("mmkp_core", "storage", "tasks"):
    logging.getLogger(layer).setLevel(logging.INFO)
for runs in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(runs).addFilter(without_traceback)
