"""Where a flow's tasks run: threads of its own process, or a Dask cluster, by the setting `MMKP_TASK_RUNNER`."""

import os
from typing import Any, cast

from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from mmkp_core.errors import Unavailable, WrongInput

SETTING = "MMKP_TASK_RUNNER"
AT_ONCE = 2  # each task keeps a core busy, in child processes of its own

Runner = TaskRunner[PrefectFuture[Any]]


def task_runner() -> Runner:
    """`threads` (unless set), `dask` for a cluster on this machine, `dask:ADDRESS` for one that runs already."""
    kind, _, address = (os.environ.get(SETTING) or "threads").partition(":")
    match kind:
        case "threads":
            return cast(Runner, ThreadPoolTaskRunner(max_workers=AT_ONCE))
        case "dask":
            return _dask(address)
    raise WrongInput(f"{SETTING}={kind}: give threads, dask or dask:ADDRESS")


def _dask(address: str) -> Runner:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise Unavailable(f"{SETTING}=dask needs the extra `scale`: pip install 'mmkp[scale]'") from None
    if address:
        return cast(Runner, DaskTaskRunner(address=address))
    local = {"n_workers": AT_ONCE, "threads_per_worker": 1, "dashboard_address": None}
    return cast(Runner, DaskTaskRunner(cluster_kwargs=local))
