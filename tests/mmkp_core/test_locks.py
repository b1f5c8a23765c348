"""Locks: who holds one, who waits for it, and that the kernel gives it back."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from mmkp_core.locks import is_held, locked, open_lock, remove_lock, try_lock, when_free

ROOT = Path(__file__).resolve().parents[2]
HOLD = "import sys; from pathlib import Path; from mmkp_core.locks import *; fd = open_lock(Path(sys.argv[1])); "
HOLD += "assert try_lock(fd, shared=True); print('held', flush=True); sys.stdin.read()"


def holder(path: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_last_of_several_holders_sets_it_off_also_when_killed(tmp_path: Path) -> None:
    path = tmp_path / "users.lock"
    first, second = holder(path), holder(path)
    gone = threading.Event()
    when_free(path, gone.set)
    first.kill()
    first.communicate()
    assert is_held(path)
    assert not gone.is_set()
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
    os.close(fd)


def test_locked_gives_the_lock_back_and_says_only_a_wait(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    waits: list[str] = []
    with locked(path, waiting=lambda: waits.append("waits")):
        assert is_held(path)
    assert not is_held(path)
    assert waits == []


def test_who_has_to_wait_says_so_once_and_gets_it_from_a_killed_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    other = holder(path)
    waits: list[bool] = []

    def waiting() -> None:
        waits.append(is_held(path))
        other.kill()

    with locked(path, waiting=waiting):
        assert is_held(path)
    other.communicate()
    assert waits == [True]


def test_a_held_lock_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path):
        assert not remove_lock(path)
        assert path.exists()
    assert remove_lock(path)
    assert not path.exists()


def test_who_waited_for_a_removed_file_holds_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    fd = open_lock(path)
    assert try_lock(fd)

    def waiting() -> None:
        path.unlink()  # as `remove_lock` does while it holds the file
        os.close(fd)

    with locked(path, waiting=waiting):
        assert is_held(path)
