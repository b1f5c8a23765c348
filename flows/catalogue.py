"""Every flow by name, and how one is run from the command line."""

import importlib
import logging
from collections.abc import Mapping
from typing import Any

from flows.bootstrap import make_limits
from flows.settings import checked
from mmkp_core.errors import MmkpError

FLOWS = (
    "demo", "pipeline", "ingest", "enrich", "split", "teach", "train", "predict", "evaluate", "report", "retrain",
)  # fmt: skip


TAKES_SLOTS = ("demo", "pipeline", "enrich", "teach", "train", "predict", "retrain")
"""Flows whose tasks take a place under a limit (`gpu`, `teacher`), which has to be there before."""


def find(name: str) -> Any:
    """The flow called `name`; it lives in the file of that name."""
    assert name in FLOWS
    return getattr(importlib.import_module(f"flows.{name}"), name)


def run(name: str, parameters: Mapping[str, Any]) -> Any:
    """Run a flow here and now; a failure that is ours to explain rises as the one sentence it is."""
    flow = find(name)
    if name in TAKES_SLOTS:
        make_limits()
    for logger in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(logger).addFilter(without_traceback)
    return flow(**checked(flow, parameters))


def without_traceback(record: logging.LogRecord) -> bool:
    """Our own errors say what to do; where in the code they rose helps nobody who reads them."""
    if record.exc_info and isinstance(record.exc_info[1], MmkpError):
        record.exc_info = None
    return True
