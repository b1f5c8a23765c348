"""`mmkp serve`: server, UI, reports and all deployments in one command, with the same history as the command line.

Flows run in processes of their own. They end with this one, however it ends: asked to (their runs become
Cancelled) or killed (their runs become Crashed when the server closes its books).
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flows import FOLLOW
from flows.server.bootstrap import make_limits
from flows.server.deployments import check_parameters, deployments_from, flow_at
from flows.server.lost import end_task_runs, mark_lost_runs
from flows.server.notify import notify
from flows.server.private import ServerFiles, prefect_api, prefect_settings, running_server, tell
from mmkp_core.errors import MmkpError, WrongInput
from mmkp_core.locks import is_held, open_lock, try_lock

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

LOG = logging.getLogger(__name__)
PORT = 4200  # where Prefect's users look for it; another one is taken, and told, where this is in use
RUNS_AT_ONCE = 4
BACK_SECONDS = 30.0
"""For which a private server that ended may be away."""
BOOKS_SECONDS = 60.0
"""Between two looks at task runs whose run has ended."""


def serve(
    home: Path, prefect_yaml: Path, *, port: int = PORT, notify_url: str = "", say: Callable[[str], None] = tell
) -> None:
    """Serve until interrupted or terminated."""
    files = ServerFiles.under(home)
    with only_one(files) as lock, prefect_api(home, port=port, say=say) as url:
        root = str(prefect_yaml.absolute().parent)
        paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        with prefect_settings({FOLLOW: str(lock), "PYTHONPATH": paths}):
            make_limits()
            mark_lost_runs()
            if notify_url:
                say(f"failed runs are told to {notify(notify_url)}")
            with reports_at(url, home, files) as reports:
                deployments = deployments_from(prefect_yaml)
                site = url.removesuffix("/api")
                lines = (
                    f"UI       {site}\nreports  {reports}\n{len(deployments)} deployments are served; stop with Ctrl-C"
                )
                asyncio.run(run_deployments(deployments, files, say, lambda: print(lines, flush=True)))


@contextmanager
def reports_at(url: str, home: Path, files: ServerFiles) -> Iterator[str]:
    """Where the reports are: beside the UI of the private server, at an address of their own for any other."""
    if is_held(files.address):
        yield f"{url.removesuffix('/api')}/reports/"
        return
    from flows.server.reports import serving_reports
    from storage.report_pages import ReportPages

    with serving_reports(lambda: ReportPages(home)) as address:
        yield address


@contextmanager
def only_one(files: ServerFiles) -> Iterator[Path]:
    """The lock that flow processes follow; also what a second `serve` finds taken."""
    path = files.folder / "serve.lock"
    fd = open_lock(path)
    try:
        if not try_lock(fd):
            url = running_server(files.folder.parent)
            where = f" at {url.removesuffix('/api')}" if url else ""
            raise WrongInput(f"mmkp serve is already running for the store {files.folder.parent}{where}")
        yield path
    finally:
        os.close(fd)


async def run_deployments(
    deployments: "Sequence[RunnerDeployment]",
    files: ServerFiles,
    say: Callable[[str], None],
    ready: Callable[[], None],
) -> None:
    from prefect.runner import Runner

    runner = Runner(name="mmkp-serve", limit=RUNS_AT_ONCE, pause_on_shutdown=False)
    for deployment in deployments:
        await keep_changes(deployment, say)
        await runner.aadd_deployment(deployment)
    running = asyncio.create_task(runner.start())
    while not runner.started and not running.done():
        await asyncio.sleep(0.02)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # after the runner has set its own, which leaves children behind
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ready()
    books = asyncio.create_task(keep_books())
    private, seen = is_held(files.address), time.monotonic()
    stopping = asyncio.create_task(stop.wait())
    while not (running.done() or stop.is_set()):
        await asyncio.wait([running, stopping], timeout=2.0, return_when=asyncio.FIRST_COMPLETED)
        if not private or is_held(files.address):
            seen = time.monotonic()
        elif time.monotonic() - seen > BACK_SECONDS:  # else it is being started again
            running.cancel()
            raise MmkpError(f"the Prefect server has ended; see {files.log}, then run mmkp serve again")
    books.cancel()
    if stop.is_set():
        say("stopping ...")
        await runner.astop()
    await running


async def keep_books() -> None:
    """End the task runs of killed runs, again and again; a server that is away is asked again later."""
    from httpx import HTTPError
    from prefect.client.orchestration import get_client

    while True:
        try:
            async with get_client() as client:
                await end_task_runs(client)
        except HTTPError as error:
            LOG.warning("task runs of killed runs are still open: %s", error)
        await asyncio.sleep(BOOKS_SECONDS)


async def keep_changes(deployment: "RunnerDeployment", say: Callable[[str], None]) -> None:
    """What somebody set in the UI stays (schedules, triggers, parameters): the file says only how it starts out."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.events import DeploymentEventTrigger
    from prefect.exceptions import ObjectNotFound

    async with get_client() as client:
        try:
            known = await client.read_deployment_by_name(deployment.full_name)
        except ObjectNotFound:
            return
        automations = await client.read_resource_related_automations(f"prefect.deployment.{known.id}")
    switches = {automation.name: automation.enabled for automation in automations}
    for trigger in deployment.triggers:
        assert isinstance(trigger, DeploymentEventTrigger)  # what prefect.yaml declares
        trigger.enabled = switches.get(trigger.name or "", trigger.enabled)
    declared = {schedule.slug: schedule for schedule in deployment.schedules or []}
    fields = set(DeploymentScheduleCreate.model_fields)
    theirs = [DeploymentScheduleCreate.model_validate(s.model_dump(include=fields)) for s in known.schedules]
    kept = {schedule.slug for schedule in theirs}
    deployment.schedules = [*theirs, *(schedule for slug, schedule in declared.items() if slug not in kept)]
    if known.parameters != deployment.parameters:
        try:
            module, _, name = str(deployment.entrypoint).rpartition(".")
            check_parameters(flow_at(f"{module}:{name}"), known.parameters, deployment.full_name)
        except MmkpError as error:
            say(f"what was set in the UI does not fit any more, so prefect.yaml counts: {error}")
        else:
            deployment.parameters = known.parameters
    for schedule in theirs:
        if schedule.slug in declared and schedule.schedule != declared[schedule.slug].schedule:
            say(f"{deployment.full_name}: the schedule {schedule.slug} is as set in the UI, not as in prefect.yaml")
