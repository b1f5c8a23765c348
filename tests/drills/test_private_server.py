"""The private server: shared by commands at once, its history whole, gone with its last user however that ended."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket]

COMMAND = """
import os, sys, time
from pathlib import Path
from flows.server.private import prefect_api
home, tasks, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
with prefect_api(home) as url:
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    @task(cache_policy=NO_CACHE)
    def step(n): return n

    @flow
    def steps():
        for future in [step.submit(n) for n in range(tasks)]: future.result()
        (home / f"at-work-{os.getpid()}").touch()
        time.sleep(seconds)

    print(url, flush=True)
    steps()
"""


def command(home: Path, tasks: int, seconds: float = 0.0, **env: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(home), str(tasks), str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=clean | {"HOME": str(home), **env},
    )


def wait(ready: object, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def server_of(home: Path) -> int:
    return int(json.loads((home / "prefect" / "server.json").read_text())["pid"])


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def states(home: Path, table: str) -> dict[str, int]:
    with sqlite3.connect(home / "prefect" / "prefect.db") as connection:
        return dict(connection.execute(f"select state_name, count(*) from {table} group by 1"))


def test_the_history_is_whole_when_the_command_returns(tmp_path: Path) -> None:
    first = command(tmp_path, 100)
    assert first.wait(180) == 0, first.communicate()
    assert states(tmp_path, "task_run") == {"Completed": 100}
    assert states(tmp_path, "flow_run") == {"Completed": 1}
    assert not alive(server_of(tmp_path))
    assert not (tmp_path / ".prefect").exists(), "nothing lands in the user's own Prefect home"


def test_two_commands_at_once_share_one_server_and_the_longer_one_keeps_it(tmp_path: Path) -> None:
    short, long = command(tmp_path, 10), command(tmp_path, 30, seconds=8)
    (told_short, said_short), (told_long, said_long) = short.communicate(timeout=240), long.communicate(timeout=240)
    assert (short.returncode, long.returncode) == (0, 0), said_short + said_long
    assert told_short == told_long, "the same address"
    assert (said_short + said_long).count("starting Prefect") == 1
    assert states(tmp_path, "task_run") == {"Completed": 40}
    assert not alive(server_of(tmp_path))


@pytest.mark.fault(20)
def test_a_killed_server_is_started_again_and_the_work_goes_on(tmp_path: Path) -> None:
    working = command(tmp_path, 20, seconds=20)
    wait(lambda: list(tmp_path.glob("at-work-*")))
    wait(
        lambda: states(tmp_path, "task_run") == {"Completed": 20}
    )  # what it has been told but not written goes with it
    server = server_of(tmp_path)
    os.kill(server, signal.SIGKILL)
    wait(lambda: not alive(server))
    out, said = working.communicate(timeout=240)
    assert working.returncode == 0, out + said
    assert said.count("starting it again") == 1
    assert len(said.splitlines()) < 30, said
    assert states(tmp_path, "flow_run") == {"Completed": 1}
    assert states(tmp_path, "task_run") == {"Completed": 20}


def test_a_killed_command_takes_its_server_along_and_its_run_does_not_stay_running(tmp_path: Path) -> None:
    killed = command(tmp_path, 20, seconds=600)
    wait(lambda: list(tmp_path.glob("at-work-*")))
    server = server_of(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    wait(lambda: not alive(server), 90)
    assert states(tmp_path, "flow_run") == {"Crashed": 1}
    after = command(tmp_path, 5)
    assert after.wait(180) == 0, after.communicate()
    assert states(tmp_path, "flow_run") == {"Crashed": 1, "Completed": 1}


def test_a_command_killed_while_its_server_starts_leaves_no_server(tmp_path: Path) -> None:
    killed = command(tmp_path, 1)
    wait(lambda: (tmp_path / "prefect" / "server.json").exists() and (tmp_path / "prefect" / "server.json").read_text())
    server = server_of(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    wait(lambda: not alive(server), 60)
    after = command(tmp_path, 1)
    assert after.wait(180) == 0, after.communicate()


def test_a_killed_server_is_replaced_and_its_slots_are_free(tmp_path: Path) -> None:
    first = command(tmp_path, 1, seconds=600)
    wait(lambda: list(tmp_path.glob("at-work-*")))
    os.kill(server_of(tmp_path), signal.SIGKILL)
    first.kill()
    first.communicate()
    with sqlite3.connect(tmp_path / "prefect" / "prefect.db") as connection:
        connection.execute(
            'insert into concurrency_limit_v2 (id, active, name, "limit", active_slots, denied_slots, '
            "slot_decay_per_second, avg_slot_occupancy_seconds) values ('00000000-0000-0000-0000-000000000001', "
            "1, 'gpu', 1, 1, 0, 0, 2)"
        )
    second = command(tmp_path, 1)
    assert second.wait(180) == 0, second.communicate()
    with sqlite3.connect(tmp_path / "prefect" / "prefect.db") as connection:
        assert connection.execute("select active_slots from concurrency_limit_v2").fetchall() == [(0,)]
    assert states(tmp_path, "flow_run") == {"Crashed": 1, "Completed": 1}


def test_a_named_server_that_does_not_answer_is_an_error_that_says_so(tmp_path: Path) -> None:
    lost = command(tmp_path, 1, PREFECT_API_URL="http://127.0.0.1:9/api")
    _, said = lost.communicate(timeout=60)
    assert lost.returncode != 0
    assert "no Prefect server answers at http://127.0.0.1:9/api" in said
    assert "unset PREFECT_API_URL" in said
    assert not (tmp_path / "prefect").exists()


def test_a_server_that_cannot_start_is_reported_with_its_own_words(tmp_path: Path) -> None:
    lost = command(tmp_path, 1, PREFECT_SERVER_DATABASE_CONNECTION_URL="sqlite+aiosqlite:////nowhere/prefect.db")
    _, said = lost.communicate(timeout=120)
    assert lost.returncode != 0
    assert "the Prefect server ended with exit status" in said
    assert "unable to open database file" in said


@pytest.mark.fault(29)
def test_the_history_is_for_its_owner(tmp_path: Path) -> None:
    """Parameters and blocks stand in it, keys among them."""
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "prefect.db").touch(mode=0o644)
    one = command(tmp_path, 1)
    assert one.wait(120) == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "prefect").glob("prefect.db*")}
    assert "prefect.db" in modes
    assert set(modes.values()) == {0o600}
