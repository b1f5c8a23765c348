"""The store that tasks use, and the one rule by which they reuse what is there.

The store decides, Prefect shows: a task whose artifact exists ends in the state `Cached`. Prefect's own
cache stays off, so there is nothing that can disagree with the store.
"""

import functools
import logging
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar, cast

from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from storage.draft import Draft
from storage.follower import Follower
from storage.records import Record
from storage.store import Store

logger = logging.getLogger(__name__)

T = TypeVar("T")

HOME = "MMKP_HOME"
FLOW_RUN = "MMKP_FLOW_RUN"  # carries the flow run's id into child processes


def home() -> str:
    """The store's root: `MMKP_HOME`, or `mmkp-data` here; always absolute."""
    root = (os.environ.get(HOME) or "mmkp-data").removeprefix("file://")
    if root.startswith("memory:"):
        raise WrongInput(f"{HOME}={root}: a store in memory is gone with its process; name a folder or a URL")
    return root if "://" in root else os.path.abspath(os.path.expanduser(root))


def open_store() -> Store:
    return _open(home())


def existing_store() -> Store:
    """For commands that look at what is there: a mistyped home is refused, not an empty store."""
    store = open_store()
    if store.objects.is_local and not Path(home()).is_dir():
        raise WrongInput(f"there is no store at {home()}; --home or MMKP_HOME names the folder that was written to")
    return store


def build_once(
    kind: str,
    spec: Any,
    inputs: Sequence[ArtifactRef],
    build: Callable[[Draft], None],
    *,
    version: int,
    rebuild: bool = False,
) -> ArtifactRef:
    """The artifact of these, built only if it is not there; to be returned from a task as it is."""
    record, reused = open_store().build(kind, spec, inputs, version, build, rebuild=rebuild)
    return published(record, reused)


def published(record: Record, reused: bool) -> ArtifactRef:
    """A task's return value for an artifact: the reference, in the state `Cached` if nothing was built."""
    if not reused:
        logger.info("published %s in %.1f s%s", record.ref, record.seconds, _counts(record))
        return record.ref
    return cached(record.ref, f"{record.ref} was there since {record.made_at:%Y-%m-%d %H:%M}{_counts(record)}")


def cached(value: T, message: str) -> T:
    """`value` as a task's return value that shows as `Cached`; outside of a run, `value` itself."""
    from prefect.context import TaskRunContext
    from prefect.states import Completed

    if TaskRunContext.get() is None:
        logger.info("reused: %s", message)
        return value
    return cast(T, Completed(name="Cached", message=message, data=value))


def provenance() -> Mapping[str, str]:
    found = {"package": _package_version(), "commit": _commit(), "flow_run": flow_run_id()}
    return {key: value for key, value in found.items() if value}


def flow_run_id() -> str:
    if given := os.environ.get(FLOW_RUN):
        return given
    from prefect.context import FlowRunContext, TaskRunContext

    task = TaskRunContext.get()
    if task is not None and task.task_run.flow_run_id:
        return str(task.task_run.flow_run_id)
    flow = FlowRunContext.get()
    return str(flow.flow_run.id) if flow is not None and flow.flow_run else ""


@functools.cache
def _open(root: str) -> Store:
    return Store(root, provenance=provenance, published=Follower())


@functools.cache
def _package_version() -> str:
    try:
        return version("mmkp")
    except PackageNotFoundError:
        return ""


@functools.cache
def _commit() -> str:
    here = Path(__file__).resolve().parent.parent.parent
    if not (here / ".git").exists():
        return ""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=False).stdout.strip()

    return git("rev-parse", "HEAD") + (" with changes" if git("status", "--porcelain", "-uno") else "")


def _counts(record: Record) -> str:
    rows = {file.name.removesuffix(".parquet"): file.rows for file in record.files if file.rows is not None}
    return f" ({', '.join(f'{count:,} {name}' for name, count in rows.items())})" if rows else ""
