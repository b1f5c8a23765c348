"""Classes named by import path, as the tables name them: loaded when they are used, not when the table is read."""

import importlib
from typing import Any


def imported(path: str) -> Any:
    """What `module:name` names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
