"""Every flow by name, and how one is run from the command line."""

import importlib
from collections.abc import Mapping
from typing import Any

from flows.server.bootstrap import make_limits
from flows.settings import checked

FLOWS = (
    "demo", "pipeline", "ingest", "enrich", "split", "teach", "train", "predict", "evaluate", "report", "retrain",
    "champion",
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
    return flow(**checked(flow, parameters))
