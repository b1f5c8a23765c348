"""What the server is told to do with runs that it hears nothing of; `tests/drills/test_lost_runs.py` kills one."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from flows.server.automations import drop
from flows.server.deployments import flow_names
from flows.server.lost import BEAT, LOST_SECONDS, NAME, end_task_runs, mark_lost_runs

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    drop(NAME)


def automations() -> list[Any]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return client.read_automations_by_name(NAME)


def test_told_twice_there_is_one_automation_about_our_flows() -> None:
    mark_lost_runs(1000)
    mark_lost_runs()
    [automation] = automations()
    assert automation.trigger.within.total_seconds() == LOST_SECONDS
    assert automation.trigger.after == {BEAT} and BEAT in automation.trigger.expect
    assert set(automation.trigger.match_related.root["prefect.resource.name"]) == set(flow_names())
    [action] = automation.actions
    assert action.state.value == "CRASHED" and "start it again" in action.message


def test_one_that_somebody_switched_off_stays_off() -> None:
    from prefect.client.orchestration import get_client

    mark_lost_runs()
    with get_client(sync_client=True) as client:
        client._client.patch(f"/automations/{automations()[0].id}", json={"enabled": False}).raise_for_status()
    mark_lost_runs()
    assert [automation.enabled for automation in automations()] == [False]


def test_task_runs_of_runs_at_work_are_left_alone() -> None:
    from prefect import flow, task
    from prefect.client.orchestration import get_client

    async def ended() -> int:
        async with get_client() as client:
            return await end_task_runs(client)

    @task
    def at_work() -> int:
        return asyncio.run(ended())

    @flow
    def working() -> int:
        return at_work()

    assert working() == 0
