"""Tells a Prefect server what no YAML declares: work pools, limits, the pool of the deployments that train, lost runs.

Run as often as one likes; a limit that somebody changed in the UI keeps its number.
"""

from collections.abc import Mapping
from contextlib import suppress

from flows.server.lost import mark_lost_runs
from mmkp_core.teacher.spec import MOST_IN_FLIGHT

POOLS = ("cpu", "gpu")
POOL = "mmkp_pool"
"""The Prefect variable that names the pool of the deployments that train or predict."""
LIMITS: Mapping[str, int] = {"gpu": 1, "teacher": MOST_IN_FLIGHT}
"""Places that tasks take; a limit that does not exist fails them."""


def make_pools() -> None:
    """For `prefect deploy` and workers; a server that only `mmkp serve` uses would show them as dead."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    with get_client(sync_client=True) as client:
        for name in POOLS:
            with suppress(ObjectAlreadyExists):
                client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))


def choose_pool() -> None:
    """The pool of the deployments that train or predict: `cpu`, until the operator says `gpu` in the variable."""
    from prefect.variables import Variable

    if Variable.get(POOL) is None:
        Variable.set(POOL, POOLS[0])


def make_limits(limits: Mapping[str, int] = LIMITS) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
    from prefect.exceptions import ObjectAlreadyExists

    with get_client(sync_client=True) as client:
        there = {limit.name for limit in client.read_global_concurrency_limits(limit=200)}
        for name in limits.keys() - there:
            with suppress(ObjectAlreadyExists):  # made meanwhile by a command that started together with this one
                client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=limits[name]))


if __name__ == "__main__":  # python -m flows.server.bootstrap, once against a new server, before `prefect deploy --all`
    make_pools()
    choose_pool()
    make_limits()
    mark_lost_runs()
