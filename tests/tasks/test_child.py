"""Work in a child process: its result and progress come back, its errors keep their kind, its death is noticed."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mmkp_core.errors import UnknownName, WrongInput
from mmkp_core.learning import Progress
from tasks.child import ChildDied, run_in_child

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other work for the child to do, found before the package's own."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "sitecustomize.py").write_text(
        textwrap.dedent(
            """
            import os, sys, types
            from pathlib import Path
            work = types.ModuleType("tasks.run.work")
            def double(*, value, report):
                print("a library prints")
                from mmkp_core.learning import Progress
                report(Progress(1, 2, "half"))
                return {"value": 2 * value}
            def refuse(*, report):
                from mmkp_core.errors import WrongInput
                raise WrongInput("this will not do")
            def die(*, report):
                print("last words", file=sys.stderr)
                os.kill(os.getpid(), 9)
            def wait(*, path, report):
                Path(path).write_text(str(os.getpid()))
                import threading
                threading.Event().wait()
            work.double, work.refuse, work.die, work.wait = double, refuse, die, wait
            sys.modules["tasks.run.work"] = work
            """
        )
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'other'}{os.pathsep}{ROOT}")
    monkeypatch.setenv("MMKP_FLOW_RUN", "none")


@pytest.mark.usefixtures("work", "home")
def test_result_and_progress_come_back_though_libraries_print() -> None:
    seen: list[Progress] = []
    assert run_in_child("double", {"value": 21}, seen.append) == {"value": 42}
    assert seen == [Progress(1, 2, "half")]


@pytest.mark.usefixtures("work", "home")
def test_an_error_of_ours_keeps_its_kind_and_sentence() -> None:
    with pytest.raises(WrongInput, match="this will not do") as refusal:
        run_in_child("refuse", {}, lambda progress: None)
    assert not isinstance(refusal.value, UnknownName)


@pytest.mark.usefixtures("work", "home")
def test_a_killed_child_is_told_with_its_last_words() -> None:
    with pytest.raises(ChildDied, match=r"signal 9.*last words"):
        run_in_child("die", {}, lambda progress: None)


@pytest.mark.usefixtures("work", "home")
def test_a_child_ends_with_its_killed_parent(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    os.mkfifo(note)
    code = f"from tasks.child import run_in_child; run_in_child('wait', {{'path': {str(note)!r}}}, print)"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    child = int(note.read_text())  # the pipe opens when the child is at work
    handle = os.pidfd_open(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    import select

    assert select.select([handle], [], [], 20)[0], "the child outlived its parent"
    os.close(handle)
