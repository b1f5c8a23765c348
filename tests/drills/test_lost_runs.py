"""A run that is killed with all that watched it: the books of a standing server are set right without it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.server.lost import end_task_runs, mark_lost_runs
from flows.server.private import prefect_settings
from tests.drills.standing import Standing, standing, until

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket, pytest.mark.fault(20)]

BEATS = 30  # the shortest that Prefect takes
WORK = """
import time
from prefect import flow, task
from flows.server.bootstrap import make_limits
from tasks.run.slots import slots

@task
def at_work():
    with slots("gpu"):
        time.sleep(600)

@flow(name="train")
def train():
    at_work()

make_limits()
train()
"""


def held(server: Standing) -> int:
    return int(server.ask("/v2/concurrency_limits/gpu")["active_slots"])


def states(server: Standing, of: str) -> list[str]:
    return [row["state"]["type"] for row in server.ask(f"/{of}/filter", {}) if row["state"]]


def close(server: Standing) -> int:
    from prefect.client.orchestration import get_client

    async def closed() -> int:
        async with get_client() as client:
            return await end_task_runs(client)

    return asyncio.run(closed())


def test_a_killed_run_ends_in_the_books_and_gives_its_place_back(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "work.py").write_text(WORK)
    with standing(tmp_path / "server") as server, prefect_settings({"PREFECT_API_URL": server.api}):
        mark_lost_runs(3 * BEATS + 5)
        environment: dict[str, Any] = {
            **os.environ, "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(BEATS), "MMKP_LEASE_SECONDS": "60",
        }  # fmt: skip
        with (tmp_path / "log").open("wb") as log:
            words = [sys.executable, str(tmp_path / "work.py")]
            process = subprocess.Popen(words, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            until(lambda: "RUNNING" in states(server, "task_runs"), 120)
            until(lambda: held(server) == 1, 60)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert close(server) == 0  # its run may still be at work
        until(lambda: states(server, "flow_runs") == ["CRASHED"], 5 * BEATS)
        assert close(server) == 1
        assert states(server, "task_runs") == ["CRASHED"]
        until(lambda: held(server) == 0, 120)
