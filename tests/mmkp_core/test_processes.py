"""Work in a child process: its result and progress come back, its errors keep their kind, nobody outlives anybody."""

import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.errors import ChildDied, Stopped, UnknownName, WrongInput
from mmkp_core.processes import Child, run, stop_all

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 20

WORK = """
    import os, signal, sys, threading
    from dataclasses import dataclass
    from pathlib import Path

    @dataclass
    class Step:
        done: int
        note: str

    def double(*, value, report):
        print("a library prints")
        report(Step(1, "half"))
        return {"value": 2 * value}

    def environment(*, names, report):
        return {name: os.environ.get(name) for name in names}

    def refuse(*, report):
        from mmkp_core.errors import WrongInput
        raise WrongInput("this will not do")

    def mistype(*, report):
        from mmkp_core.errors import UnknownName
        raise UnknownName("system", "copi", ["copy", "sft"])

    def divide(*, report):
        return 1 / 0

    def give_what_is_no_json(*, report):
        return {1, 2}

    def die(*, report):
        print("last words", file=sys.stderr)
        os.kill(os.getpid(), 9)

    def wait(*, path, report):
        Path(path).write_text(str(os.getpid()))  # a named pipe: it opens when somebody reads
        threading.Event().wait()

    def work_until_told(*, path, report):
        def end(*_):
            report(Step(2, "saving"))
            Path(path).write_text("saved")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        report(Step(1, str(os.getpid())))
        threading.Event().wait()

    def work_on(*, report):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        report(Step(1, str(os.getpid())))
        threading.Event().wait()

    def train(*, report):
        import time
        while True:
            report(Step(1, str(os.getpid())))
            time.sleep(0.01)

    def echo(link):
        while True:
            link.send(link.recv())
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module for children to run functions of; they look for modules where this process does."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "work.py").write_text(textwrap.dedent(WORK))
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))


pytestmark = pytest.mark.usefixtures("work")


def ignore(_: list[Any]) -> None:
    pass


def ends(process: int) -> bool:
    """Whether the process with this handle is gone soon."""
    try:
        return bool(select.select([process], [], [], SECONDS)[0])
    finally:
        os.close(process)


def test_result_and_progress_come_back_though_libraries_print(capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[list[Any]] = []
    assert run("work:double", {"value": 21}, seen.append) == {"value": 42}
    assert seen == [[1, "half"]]
    assert capfd.readouterr() == ("", "")


def test_a_child_has_one_thread_and_what_it_is_given_besides_the_parents_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OURS", "parent")
    job = {"names": ["OURS", "GIVEN", "OMP_NUM_THREADS"]}
    found = run("work:environment", job, ignore, environment={"GIVEN": "here"})
    assert found == {"OURS": "parent", "GIVEN": "here", "OMP_NUM_THREADS": "1"}


def test_what_libraries_read_when_they_load_is_set_before_they_do() -> None:
    code = "import sys, mmkp_core.processes; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not {"numpy", "torch", "cv2", "prefect"} & set(loaded.split())


def test_an_error_of_ours_keeps_its_kind_and_sentence() -> None:
    with pytest.raises(WrongInput, match="this will not do") as refusal:
        run("work:refuse", {}, ignore)
    assert type(refusal.value) is WrongInput
    with pytest.raises(UnknownName, match=r"^no system is called 'copi'; did you mean 'copy'\?$"):
        run("work:mistype", {}, ignore)


@pytest.mark.parametrize(
    ("function", "place"),
    [("divide", "1 / 0"), ("give_what_is_no_json", "set is not JSON"), ("no_such", "has no attribute 'no_such'")],
)
def test_a_defect_comes_with_its_traceback(function: str, place: str) -> None:
    with pytest.raises(RuntimeError, match=rf"(?s)in a child process:\nTraceback.*{place}"):
        run(f"work:{function}", {}, ignore)


def test_a_killed_child_is_told_with_its_last_words() -> None:
    with pytest.raises(ChildDied, match=r"^die was killed \(signal 9\).*last words$"):
        run("work:die", {}, ignore)


def test_an_interrupted_parent_gives_its_child_time_to_save(tmp_path: Path) -> None:
    def interrupt(fields: list[Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("work:work_until_told", {"path": str(tmp_path / "checkpoint")}, interrupt, stop_seconds=SECONDS)
    assert (tmp_path / "checkpoint").read_text() == "saved"


def test_a_child_that_does_not_hear_is_killed() -> None:
    handles: list[int] = []

    def interrupt(fields: list[Any]) -> None:
        handles.append(os.pidfd_open(int(fields[1])))
        raise ConnectionResetError("an error of the parent's own, not the end of the link")

    with pytest.raises(ConnectionResetError, match="parent's own"):
        run("work:work_on", {}, interrupt, stop_seconds=0.0)
    assert ends(handles[0])


def test_a_child_answers_on_its_link_until_that_is_closed() -> None:
    with Child("work:echo") as child:
        child.link.send(("any", {"thing"}))
        assert child.link.recv() == ("any", {"thing"})
        assert child.end(SECONDS) == 1  # `recv` raises at the link's end
    assert "EOFError" in child.last_words


def test_a_child_nobody_refers_to_any_more_ends() -> None:
    child = Child("work:echo")
    handle = os.pidfd_open(child.pid)
    with pytest.warns(ResourceWarning):
        del child
    assert ends(handle)


@pytest.fixture
def killed_parent(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Handles of a child at work and of another child, started later, of a parent that was killed."""
    note = tmp_path / "pid"
    os.mkfifo(note)
    code = f"""
        import subprocess, sys, threading
        sys.path.insert(0, {str(tmp_path / "modules")!r})
        from mmkp_core.processes import run
        job = {{"path": {str(note)!r}}}
        threading.Thread(target=run, args=("work:wait", job, print)).start()
        print("up", flush=True)
        sys.stdin.readline()
        other = subprocess.Popen(["sleep", "600"], close_fds=False)  # with all that is not closed on exec
        print(other.pid, flush=True)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdin and parent.stdout
        child = os.pidfd_open(int(note.read_text()))  # the pipe opens when the child is at work
        assert parent.stdout.readline() == "up\n"
        parent.stdin.write("\n")
        parent.stdin.flush()
        other = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    yield child, other
    signal.pidfd_send_signal(other, signal.SIGKILL)
    os.close(other)


def test_a_child_ends_with_its_killed_parent_also_where_other_children_live_on(killed_parent: tuple[int, int]) -> None:
    child, other = killed_parent
    assert ends(child), "the child outlived its parent"
    assert not select.select([other], [], [], 0)[0]


def test_a_process_of_others_ends_with_the_holder_of_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "serve.lock"
    hold = "from mmkp_core.locks import *; fd = open_lock(path); assert try_lock(fd)"
    follow = "from mmkp_core.processes import *; end_with_holder(path)"

    def start(what: str) -> "subprocess.Popen[str]":
        code = f"import sys; from pathlib import Path; path = Path({str(path)!r}); {what}; "
        code += "print('up', flush=True); sys.stdin.read()"
        pipe = subprocess.PIPE
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        return process

    with start(hold) as holder, start(follow) as follower:
        assert follower.poll() is None
        holder.kill()
        assert follower.wait(SECONDS) == -signal.SIGTERM


@pytest.mark.fault(30)
def test_children_that_are_asked_to_end_by_another_thread_stop_at_their_next_report() -> None:
    begun, failures = threading.Event(), list[BaseException]()

    def wait_for_child() -> None:
        try:
            run("work:train", {}, lambda _: begun.set())
        except Stopped as error:
            failures.append(error)

    waiting = threading.Thread(target=wait_for_child)
    waiting.start()
    assert begun.wait(SECONDS)
    stop_all()
    waiting.join(SECONDS)
    assert not waiting.is_alive()
    assert [type(error) for error in failures] == [Stopped]
