"""Runs work in processes of its own, which end with the process that started them, also when that one is killed.

A child is a fresh interpreter, not a fork and not `multiprocessing`'s spawn: the first copies threads and locks, the
second imports the parent's main module again, which may be a console script that loads all of Prefect.

How a child knows that its parent is gone: it blocks on a pipe whose other end only the parent holds. That end is closed
on exec, so no other child of the parent has it, and the kernel closes it with the parent, however that one ends. (A
parent's process id is reused, and `PR_SET_PDEATHSIG` fires when the *thread* that started the child ends.)
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from mmkp_core import errors
from mmkp_core.errors import ChildDied, MmkpError, Stopped, rebuilt
from mmkp_core.locks import when_free

ONE_THREAD = {  # two spinning threads on busy cores cost up to five times the CPU
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
STOP_SECONDS = 5.0
"""What a process that is asked to end gets for it before it is killed."""
KEEP_SECONDS = 60.0
"""What a child gets that may have hours of work to write down."""
NONE_MORE: Mapping[str, str] = MappingProxyType({})

START = "import json, sys; sys.path[:] = json.loads({path!r}); from mmkp_core.processes import main; main()"


def run(
    target: str,
    job: Mapping[str, Any],
    report: Callable[[list[Any]], None],
    *,
    environment: Mapping[str, str] = NONE_MORE,
    stop_seconds: float = KEEP_SECONDS,
) -> Any:
    """Call `function(**job, report=...)` in a child, where `target` is `module:function`; job and result are JSON.

    The function reports dataclasses, of which `report` gets the fields. An error of ours rises here as it did there, a
    defect as a RuntimeError with its traceback, and a child that ended without a result as ChildDied. If `report`
    raises, or the caller is interrupted, the child is asked to end (SIGTERM) and gets `stop_seconds` for it: its next
    report raises Stopped there.
    """
    with Child("mmkp_core.processes:do_job", title=target, environment=environment) as child:
        _AT_WORK.add(child)
        try:
            answer = _ask(child.link, {"target": target, "job": dict(job)}, report)
        except BaseException:
            child.stop(stop_seconds)
            raise
        finally:
            _AT_WORK.discard(child)
        status = child.end(stop_seconds)
    if "kind" in answer:
        raise rebuilt(getattr(errors, answer["kind"]), answer["message"])
    if "defect" in answer:
        raise RuntimeError(f"in a child process:\n{answer['defect']}")
    if "result" not in answer:
        name = target.rpartition(":")[2]
        raise ChildDied(f"{name} {ending(status)}; the last it said: {child.last_words or 'nothing'}")
    return answer["result"]


_AT_WORK: "set[Child]" = set()


def stop_all() -> None:
    """Ask every child that does a job to end; called where a process ends while threads of it wait for children."""
    for child in list(_AT_WORK):
        child.ask_to_end()


class Child:
    """A fresh interpreter that calls `target` (`module:function`) with its end of a link to this process.

    Messages on the link are whatever both sides agree on; its end means that the other side has ended or has no more to
    say. What the child prints goes to `log`, never to this process's output.
    """

    def __init__(
        self, target: str, *, title: str = "", log: Path | None = None, environment: Mapping[str, str] = NONE_MORE
    ) -> None:
        """`environment` is added to this process's own, before the target's module is loaded; `ps` shows `title`."""
        self.last_words = ""
        """The end of what it printed; known when it has ended."""
        self._log = log.open("w+b") if log else tempfile.TemporaryFile()  # noqa: SIM115  (kept)
        self.link, theirs = Pipe()
        watched, lifeline = os.pipe()  # both ends are closed on exec
        self._lifeline = os.fdopen(lifeline, "wb", buffering=0)
        handles = (theirs.fileno(), watched)
        code = START.format(path=json.dumps(sys.path))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, title or target, *map(str, handles)],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=handles,
            )
        except BaseException:
            self._close()
            raise
        finally:
            theirs.close()
            os.close(watched)
        with suppress(OSError):  # dead already; the next look at the link says so
            self.link.send((target, {**ONE_THREAD, **environment}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(0.0)

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self, seconds: float) -> int:
        """Ask it to end, by SIGTERM, and kill it where it has not after `seconds`; its exit status."""
        self.ask_to_end()
        self._wait(seconds)  # the link stays open: it may report while it tidies up
        return self.end(0.0)

    def ask_to_end(self) -> None:
        self._process.terminate()

    def end(self, seconds: float) -> int:
        """Close the link, the sign that no more work comes, and kill it where it has not ended after `seconds`."""
        self.link.close()
        if not self._wait(seconds):
            self._process.kill()
        status = self._process.wait()
        self._close()
        return status

    def _wait(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.returncode is not None

    def _close(self) -> None:
        self.link.close()
        self._lifeline.close()
        if not self._log.closed:
            self.last_words = _last_words(self._log.fileno())
            self._log.close()


def ending(status: int) -> str:
    """How a process with this exit status ended, as the rest of a sentence about it."""
    if status == -signal.SIGKILL:
        return "was killed (signal 9): by hand, or because memory ran out"
    return f"ended by signal {-status} ({signal.strsignal(-status)})" if status < 0 else f"ended with status {status}"


def end_with_holder(lock: Path) -> None:
    """End this process as soon as nobody holds `lock` alone: for processes that others start and that follow us."""

    def end() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)  # a process that hangs on what went with the holder does not hear the signal
        os._exit(128 + signal.SIGTERM)

    when_free(lock, end, shared=True)


# -- the child's side ---------------------------------------------------------------------------------


def main() -> None:
    """What a child runs: the function that its parent names first."""
    handle, lifeline = (int(word) for word in sys.argv[2:])
    for inherited in (handle, lifeline):
        os.set_inheritable(inherited, False)  # a child of ours would keep the link open after us
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    link: Connection[Any, Any] = Connection(handle)
    try:
        target, environment = link.recv()
    except (EOFError, ConnectionResetError):  # not wanted any more before it was up
        return
    os.environ.update(environment)  # before any library is loaded that reads it
    _function(target)(link)


def do_job(link: "Connection[Any, Any]") -> None:
    """The child's side of `run`."""

    def send(**message: Any) -> None:
        link.send_bytes(json.dumps(message).encode())

    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())

    def report(progress: Any) -> None:
        send(progress=astuple(progress))
        if asked_to_end.is_set():
            raise Stopped("it was asked to end; what was done is kept, and the same command goes on from there")

    request = json.loads(link.recv_bytes())
    try:
        work = _function(request["target"])
        send(result=work(**request["job"], report=report))
    except MmkpError as error:
        known = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        send(kind=known.__name__, message=str(error))
    except Exception:  # whatever it is, the parent is to raise it
        send(defect=traceback.format_exc())


def _ask(
    link: "Connection[Any, Any]", request: Mapping[str, Any], report: Callable[[list[Any]], None]
) -> dict[str, Any]:
    """The last message of a child that is asked to do a job; empty where it ended without one."""
    data = json.dumps(request).encode()
    with suppress(BrokenPipeError, ConnectionResetError):
        link.send_bytes(data)
    while True:
        try:
            message: dict[str, Any] = json.loads(link.recv_bytes())
        except (EOFError, ConnectionResetError):
            return {}
        if "progress" not in message:
            return message
        report(message["progress"])


def _function(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def _end_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)  # nothing is ever written: it returns when the other end is closed
    os._exit(3)


def _last_words(log: int) -> str:
    size = os.fstat(log).st_size
    lines = os.pread(log, 4000, max(0, size - 4000)).decode(errors="replace").split("\n")
    return " | ".join(line.strip()[:300] for line in lines if line.strip())[-1500:]
