"""Small runs killed at random moments: the store is whole after each, and whoever goes on ends in the same bytes.

`MMKP_KILLS` says how often. The moments come from a seed that a failure prints.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmkp_core.data.demo import write_demo
from mmkp_core.data.demo.spec import DemoSpec
from storage.store import Store
from storage.upkeep import verify

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket, pytest.mark.fault(13, 20)]

KILLS = int(os.environ.get("MMKP_KILLS", "20"))
SEED = int(os.environ.get("MMKP_SEED", str(time.time_ns() % 10**6)))
SECONDS = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from flows.server.private import prefect_api

    with prefect_api(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("posts")
    write_demo(DemoSpec(posts=30, seed=3), folder)
    return folder


class Run:
    """The same small pipeline, each time in a process of its own."""

    def __init__(self, posts: Path, url: str) -> None:
        self.words = [
            sys.executable, "-m", "flows.command", "pipeline", str(posts / "posts.jsonl"), "--name", "mine",
            "--images", str(posts / "images"), "--systems", "frequent,copy-ocr", "--set", "ocr.engine=rapid",
            "--set", "systems.copy-ocr.training.epochs=2", "--set", "evaluation.resamples=50",
            "--set", "split.kind=random",
        ]  # fmt: skip
        self.url = url

    def start(self, home: Path) -> "subprocess.Popen[bytes]":
        home.mkdir(exist_ok=True)
        with (home.parent / f"{home.name}.log").open("ab") as log:
            environment = {**os.environ, "MMKP_HOME": str(home), "PREFECT_API_URL": self.url}
            return subprocess.Popen(self.words, stdout=log, stderr=log, env=environment, start_new_session=True)

    def finish(self, home: Path) -> float:
        begun = time.monotonic()
        assert self.start(home).wait(SECONDS) == 0, self.log(home)
        return time.monotonic() - begun

    def kill(self, home: Path, after: float) -> None:
        process = self.start(home)
        time.sleep(after)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(SECONDS)

    def log(self, home: Path) -> str:
        return (home.parent / f"{home.name}.log").read_text(errors="replace")[-4000:]


def contents(home: Path) -> dict[str, dict[str, str]]:
    """The hash of every file of every artifact; a report tells the moment it was made, and a run how long it took."""
    records = [record for record in Store(home).records() if record.ref.kind != "report"]
    return {record.ref.address: {file.name: file.sha256 for file in record.files} for record in records}


def test_runs_killed_at_random_moments_leave_a_whole_store_and_go_on(server: str, posts: Path, tmp_path: Path) -> None:
    run, chance = Run(posts, server), random.Random(SEED)
    undisturbed = tmp_path / "undisturbed"
    run.finish(undisturbed)  # the first compiles
    wanted = contents(undisturbed)
    length = run.finish(tmp_path / "timed")
    assert contents(tmp_path / "timed") == wanted

    home, finished = tmp_path / "0", 0
    for number in range(1, KILLS + 1):
        run.kill(home, chance.uniform(1.0, length))
        found = list(verify(Store(home)))
        assert not found, f"seed {SEED}, kill {number}: {found}\n{run.log(home)}"
        if chance.random() < 0.2 or number == KILLS:
            run.finish(home)
            assert contents(home) == wanted, f"seed {SEED}, kill {number}\n{run.log(home)}"
            assert not list(verify(Store(home)))
            home, finished = tmp_path / str(number), finished + 1
    print(f"{KILLS} kills, {finished} runs finished after them, seed {SEED}")
