"""A standing server that is killed and started again some minutes later, under a training that goes on meanwhile.

`MMKP_SERVER_AWAY` says for how many seconds it is away; the training lasts more than eight thirds as long (eight
minutes for three). It holds the place on the accelerator, under a lease that the server keeps in memory, as it does
unless told otherwise: after its start it knows of no lease, and refuses to renew it.
"""

import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmkp_core.data.demo import write_demo
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.vlm.settings import TINY_WEIGHTS
from storage import catalog
from storage.store import Store
from tests.drills.standing import standing, until

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket, pytest.mark.fault(20)]

AWAY = float(os.environ.get("MMKP_SERVER_AWAY", "20"))
WAIT = 120 + 10 * AWAY


def train(home: Path, folder: Path, api: str, epochs: int) -> "subprocess.Popen[bytes]":
    words = [
        sys.executable, "-m", "flows.command", "train", "sft", "--train", str(folder / "posts.jsonl"),
        "--name", f"of-{epochs}", "--set", f"training.epochs={epochs}", "--set", f"backbone={folder / 'weights'}",
        "--set", "modalities=text",
    ]  # fmt: skip
    environment = {**os.environ, "MMKP_HOME": str(home), "PREFECT_API_URL": api, "MMKP_LEASE_SECONDS": "60"}
    with (home / "log").open("ab") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, env=environment, start_new_session=True)


def length(home: Path, epochs: int) -> float:
    with catalog.connect(Store(home)) as connection:
        [[seconds]] = connection.sql(f"select seconds from runs where run = 'of-{epochs}'").fetchall()
    return float(seconds)


def test_a_training_outlives_its_server(tmp_path: Path) -> None:
    home, server_home = tmp_path / "home", tmp_path / "server"
    home.mkdir()
    server_home.mkdir()
    write_demo(DemoSpec(posts=int(80 + AWAY), seed=3, images=False), tmp_path)
    shutil.copytree(TINY_WEIGHTS, tmp_path / "weights")  # any other backbone than `tiny` takes the place
    with standing(server_home, leases="memory") as server:
        seconds = []
        for epochs in (2, 42):  # what they have in common is loading
            assert train(home, tmp_path, server.api, epochs).wait(WAIT) == 0, (home / "log").read_text()[-3000:]
            seconds.append(length(home, epochs))
        epochs = min(1000, math.ceil(5 * AWAY / ((seconds[1] - seconds[0]) / 40)))
        process = train(home, tmp_path, server.api, epochs)
        until(lambda: any(home.glob("work/run.*/*/*")) or process.poll() is not None, WAIT)
        until(lambda: server.ask("/v2/concurrency_limits/gpu")["active_slots"] == 1, 60)
        server.kill()
        time.sleep(AWAY)
        assert process.poll() is None, (home / "log").read_text()[-3000:]
        server.process = server.start()
        assert process.wait(WAIT) == 0, (home / "log").read_text()[-3000:]

        took = length(home, epochs)
        print(f"the server was away for {AWAY:.0f} s of a training of {took:.0f} s")
        assert took > 8 / 3 * AWAY

        runs = server.ask("/flow_runs/filter", {"sort": "START_TIME_ASC"})
        assert [run["state"]["name"] for run in runs] == ["Completed"] * 3
        tasks = server.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [runs[2]["id"]]}}})
        assert {task["state"]["type"] for task in tasks} == {"COMPLETED"}
        assert any(task["name"].startswith("train") for task in tasks), [task["name"] for task in tasks]
