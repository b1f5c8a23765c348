"""A served store under a schedule: what each run leaves behind is bounded, and prints with `-s`.

`MMKP_RUNS` says how many runs; the first quarter warms up, the growth after it counts.
"""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.server.private import running_server
from tests.drills.asking import ask
from tests.drills.test_engineer import mmkp, wait
from tests.drills.test_kill_and_resume import alive, descendants

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket]

RUNS = int(os.environ.get("MMKP_RUNS", "20"))
EVERY = 5.0
"""Seconds between two runs; they wait for each other where the machine is slower."""
ENDS = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]


@dataclass(frozen=True)
class Size:
    """Of a served store: its files, and the processes that stand."""

    files: float
    database: float
    threads: float
    handles: float
    memory: float


BOUNDS: Mapping[str, tuple[float, float]] = {
    "files": (2, 0),
    "database": (1e6, 200e3),
    "threads": (4, 0),
    "handles": (20, 0),
    "memory": (64e6, 100e3),
}
"""Growth at most: in all, and on top of it per run."""


def size(home: Path, processes: list[int]) -> Size:
    files = [path for path in home.rglob("*") if path.is_file()]
    database = [path for path in files if path.name.startswith("prefect.db")]
    status = [Path(f"/proc/{pid}/status").read_text() for pid in processes]
    return Size(
        files=len(files) - len(database),
        database=sum(path.stat().st_size for path in database),
        threads=sum(number(text, "Threads") for text in status),
        handles=sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in processes),
        memory=1024 * sum(number(text, "VmRSS") for text in status),
    )


def number(status: str, name: str) -> int:
    [line] = [line for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(line.split()[1])


@dataclass(frozen=True)
class Served:
    home: Path
    api: str
    processes: list[int]

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        return ask(self.api + path, body, method)

    def ended(self) -> int:
        asked = {"flows": {"name": {"any_": ["retrain"]}}, "flow_runs": {"state": {"type": {"any_": ENDS}}}}
        return int(self.ask("/flow_runs/count", asked))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    home = tmp_path / "home"
    home.mkdir()
    words = ["chess", "tulips", "football", "bread", "opera"]
    rows = [
        {"post_id": f"{n}", "text": f"number {n * 7919} of {words[n % 5]}", "keyphrases": [words[n % 5]]}
        for n in range(60)
    ]
    (tmp_path / "posts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    log = home / "log"
    for words in (["ingest", str(tmp_path / "posts.jsonl"), "--name", "own"], ["retrain", "own", "--system", "tfidf"]):
        assert mmkp(home, *words).wait(240) == 0, log.read_text()[-3000:]
    server = mmkp(home, "serve", "--port", "0")
    try:
        wait(lambda: "deployments are served" in log.read_text() or server.poll() is not None, 180, home)
        assert server.poll() is None, log.read_text()[-3000:]
        address = json.loads((home / "prefect" / "server.json").read_text())
        yield Served(home, address["url"], [server.pid, address["pid"]])
    finally:
        children = list(descendants(server.pid))
        server.send_signal(signal.SIGTERM)
        assert server.wait(120) == 0
        wait(lambda: not any(map(alive, children)) and running_server(home) is None, 60, home)


def test_runs_leave_nothing_to_pile_up(served: Served) -> None:
    before = served.ended()
    deployment = served.ask("/deployments/name/retrain/retrain")["id"]
    parameters = {"dataset": "own", "system": "tfidf"}
    schedule = {"schedule": {"interval": EVERY}, "active": True, "slug": "often", "parameters": parameters}
    [made] = served.ask(f"/deployments/{deployment}/schedules", [schedule])
    warm = RUNS // 4
    wait(lambda: served.ended() >= before + warm, 120 + 60 * warm, served.home)
    first, counted = size(served.home, served.processes), served.ended()
    wait(lambda: served.ended() >= before + RUNS, 120 + 60 * RUNS, served.home)
    served.ask(f"/deployments/{deployment}/schedules/{made['id']}", {"active": False}, "PATCH")
    last, runs = size(served.home, served.processes), served.ended() - counted
    for name, (in_all, per_run) in BOUNDS.items():
        old, new = getattr(first, name), getattr(last, name)
        print(f"{name:<9} {old:>12,.0f} -> {new:>12,.0f}: {(new - old) / runs:>12,.3f} a run of {runs}; "
              f"at most {in_all:,.0f} and {per_run:,.0f} a run")  # fmt: skip
    failed = served.ask("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ENDS[1:]}}}})
    assert failed == []
    for name, (in_all, per_run) in BOUNDS.items():
        assert getattr(last, name) - getattr(first, name) <= in_all + per_run * runs, name
