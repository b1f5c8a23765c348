"""A standing server that is killed and started again some minutes later, under a training that goes on meanwhile.

`MMKP_SERVER_AWAY` says for how many seconds it is away; the training lasts more than twice as long.
"""

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.demo import write_demo
from mmkp_core.data.demo.spec import DemoSpec
from storage import catalog
from storage.store import Store

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket, pytest.mark.fault(20)]

AWAY = float(os.environ.get("MMKP_SERVER_AWAY", "20"))
WAIT = 120 + 10 * AWAY


class Standing:
    """`prefect server start`, as OPERATING tells to run one."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.home = home
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        lease_storage = "prefect.server.concurrency.lease_storage.filesystem"
        environment = {
            **os.environ, "PREFECT_HOME": str(self.home), "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": lease_storage,
        }  # fmt: skip
        words = [sys.executable, "-m", "prefect", "server", "start", "--port", str(self.port)]
        with (self.home / "server.log").open("ab") as log:
            process = subprocess.Popen(words, stdout=log, stderr=log, env=environment, start_new_session=True)
        until(lambda: self.answers(), 120)
        return process

    def answers(self) -> bool:
        try:
            return bool(self.ask("/health") is True)
        except OSError:
            return False

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.loads(reply.read())

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def standing(home: Path) -> Iterator[Standing]:
    server = Standing(home)
    try:
        yield server
    finally:
        server.kill()


def until(condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def train(home: Path, posts: Path, api: str, epochs: int) -> "subprocess.Popen[bytes]":
    words = [
        sys.executable, "-m", "flows.command", "train", "copy", "--train", str(posts), "--name", f"of-{epochs}",
        "--set", f"training.epochs={epochs}", "--set", "training.patience=1000",
    ]  # fmt: skip
    environment = {**os.environ, "MMKP_HOME": str(home), "PREFECT_API_URL": api}
    with (home / "log").open("ab") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, env=environment, start_new_session=True)


def test_a_training_outlives_its_server(tmp_path: Path) -> None:
    home, server_home = tmp_path / "home", tmp_path / "server"
    home.mkdir()
    server_home.mkdir()
    write_demo(DemoSpec(posts=120, seed=3, images=False), tmp_path)
    with standing(server_home) as server:
        first = train(home, tmp_path / "posts.jsonl", server.api, 2)
        assert first.wait(WAIT) == 0, (home / "log").read_text()[-3000:]
        with catalog.connect(Store(home)) as connection:
            [[seconds]] = connection.sql("select seconds from runs where run = 'of-2'").fetchall()
        epochs = math.ceil(2.5 * AWAY / (seconds / 2)) + 2
        process = train(home, tmp_path / "posts.jsonl", server.api, epochs)
        until(lambda: any(home.glob("work/run.*/*/*")) or process.poll() is not None, WAIT)
        server.kill()
        time.sleep(AWAY)
        assert process.poll() is None, (home / "log").read_text()[-3000:]
        server.process = server.start()
        assert process.wait(WAIT) == 0, (home / "log").read_text()[-3000:]

        runs = server.ask("/flow_runs/filter", {"sort": "START_TIME_ASC"})
        assert [run["state"]["name"] for run in runs] == ["Completed", "Completed"]
        tasks = server.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [runs[1]["id"]]}}})
        assert {task["state"]["type"] for task in tasks} == {"COMPLETED"}
        assert any(task["name"].startswith("train") for task in tasks), [task["name"] for task in tasks]
