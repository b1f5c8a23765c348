import subprocess
import sys
import threading
from pathlib import Path

from flows.server.lifeline import is_held, locked, open_lock, try_lock, when_nobody_holds

HOLD = "import sys; from pathlib import Path; from flows.server.lifeline import *; fd = open_lock(Path(sys.argv[1])); "
HOLD += "assert try_lock(fd, shared=True); print('held', flush=True); sys.stdin.read()"


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_last_of_several_holders_sets_it_off_also_when_killed(tmp_path: Path) -> None:
    path = tmp_path / "users.lock"
    first, second = holder(path), holder(path)
    gone = threading.Event()
    when_nobody_holds(path, gone.set)
    first.kill()
    first.communicate()
    assert not gone.wait(0.2)
    second.kill()
    second.communicate()
    assert gone.wait(10)
    assert is_held(path), "who was told holds it from then on, so that nobody joins any more"


def test_a_lock_that_was_never_made_is_not_held(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_shared_holders_leave_room_for_each_other_only(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    fd = open_lock(path)
    assert try_lock(fd, shared=True)
    assert not is_held(path, shared=True)
    assert is_held(path)
    assert try_lock(fd)
    assert is_held(path, shared=True)


def test_locked_gives_the_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path):
        assert is_held(path)
    assert not is_held(path)
