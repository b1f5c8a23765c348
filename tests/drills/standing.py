"""A standing Prefect server, as OPERATING tells to run one, that can be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.drills.asking import ask


class Standing:
    def __init__(self, home: Path, leases: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.home, self.leases = home, leases
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        lease_storage = f"prefect.server.concurrency.lease_storage.{self.leases}"
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
        return ask(self.api + path, body)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def standing(home: Path, leases: str = "filesystem") -> Iterator[Standing]:
    """`leases` is where it keeps who holds a place: `filesystem`, or `memory`, which is what nobody configured."""
    server = Standing(home, leases)
    try:
        yield server
    finally:
        server.kill()


def until(condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
