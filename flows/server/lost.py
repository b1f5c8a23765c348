"""Ends in the server's books what has ended in fact: runs and task runs whose process was killed.

A runner that lives reports the end of its processes within a second. A run whose runner was killed with it only
stops sending heartbeats: an automation of the server marks it Crashed after LOST_SECONDS. That is far longer than
three missed beats: after a server was away, it judges first and hears the beats that waited for it second, and a
training that goes on would be marked Crashed. Slots of killed runs come back by themselves, when their leases end.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from flows.server.automations import keep
from flows.server.deployments import flow_names

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

NAME = "mmkp-lost-runs"
LOST_SECONDS = 600.0
"""A server may be away for less than this without costing a run."""
BEAT = "prefect.flow-run.heartbeat"
ENDED = ("Completed", "Failed", "Cancelled", "Crashed", "TimedOut", "Suspended", "Paused", "AwaitingRetry")


def mark_lost_runs(seconds: float = LOST_SECONDS) -> None:
    """Have the server that is configured mark runs Crashed of which it has heard nothing for that long."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    keep(
        AutomationCore(
            name=NAME,
            description=f"Marks runs Crashed that have sent no heartbeat for {seconds:.0f} seconds.",
            trigger=EventTrigger(
                posture=Posture.Proactive,
                after={BEAT},
                expect={BEAT, *(f"prefect.flow-run.{state}" for state in ENDED)},
                match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
                match_related=ResourceSpecification(
                    {"prefect.resource.role": "flow", "prefect.resource.name": list(flow_names())},
                ),
                for_each={"prefect.resource.id"},
                threshold=1,
                within=timedelta(seconds=seconds),
            ),
            actions=[
                ChangeFlowRunState(
                    name="Crashed",
                    force=False,
                    state=StateType.CRASHED,
                    message=f"no heartbeat for {seconds:.0f} seconds: its process was killed; start it again and it "
                    "goes on from what is stored",
                )
            ],
        )
    )


async def end_task_runs(client: "PrefectClient") -> int:
    """Mark task runs Crashed that are at work in runs that have ended; how many."""
    from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
    from prefect.client.schemas.objects import TERMINAL_STATES, StateType
    from prefect.states import Crashed

    found = await client.read_task_runs(
        task_run_filter=TaskRunFilter.model_validate({"state": {"type": {"any_": [StateType.RUNNING]}}}),
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": sorted(TERMINAL_STATES)}}}),
    )
    for task_run in found:
        message = "its run has ended without it"
        await client.set_task_run_state(task_run.id, Crashed(message=message), force=True)
    return len(found)
