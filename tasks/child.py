"""Work in a process of its own: training and prediction.

A crash or an exhausted memory there is one failed task, not a dead flow; the GIL and thread counts of one
model do not touch another. The child reads its job from standard input and watches that pipe: when the
parent is gone, however it went, so is the child.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from mmkp_core.errors import MmkpError
from mmkp_core.learning import Progress
from tasks.run.store import FLOW_RUN, HOME, flow_run_id, home

logger = logging.getLogger(__name__)

# One thread a process: two spinning threads on busy cores cost up to five times the CPU.
THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "MKL_NUM_THREADS": "1"}


DEFECT = "defect"


class ChildDied(MmkpError):
    """The process ended without a result; worth another try, which resumes from its last checkpoint."""


def run_in_child(work: str, job: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Call `tasks.run.work.<work>(**job)` in a child; its result, which is JSON as the job is."""
    environment = {**os.environ, **THREADS, HOME: home(), FLOW_RUN: flow_run_id()}
    child = subprocess.Popen(
        [sys.executable, "-m", "tasks.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert child.stdin and child.stdout and child.stderr
    said: list[str] = []
    listener = threading.Thread(target=_relay, args=(child.stderr, said), daemon=True)
    listener.start()
    result: dict[str, Any] | None = None
    failure: dict[str, str] | None = None
    try:
        child.stdin.write(json.dumps({"work": work, "job": job}) + "\n")
        child.stdin.flush()  # and kept open: its end tells the child that we are gone
        for line in child.stdout:
            message = json.loads(line)
            if "progress" in message:
                report(Progress(*message["progress"]))
            else:
                result, failure = message.get("result"), message.get("failure")
        child.wait()
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        listener.join(timeout=5)
        for pipe in (child.stdin, child.stdout, child.stderr):
            pipe.close()
    if failure:
        raise _rebuilt(failure)
    if result is None:
        raise ChildDied(f"{work} {_ending(child.returncode)}; the last it said: {' | '.join(said[-5:]) or 'nothing'}")
    return result


def _relay(stream: Any, said: list[str]) -> None:
    for line in stream:
        if line.strip():
            said.append(line.rstrip())
            del said[:-50]
            logger.debug("%s", line.rstrip())


def _rebuilt(failure: Mapping[str, str]) -> Exception:
    import mmkp_core.errors as errors

    if failure["kind"] == DEFECT:
        return RuntimeError(f"in a child process:\n{failure['message']}")

    kind = getattr(errors, failure["kind"], None)
    if isinstance(kind, type) and issubclass(kind, MmkpError) and kind is not errors.UnknownName:
        return kind(failure["message"])
    return MmkpError(failure["message"])


def _ending(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed (signal 9): by hand, or because memory ran out"
    return f"ended by signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"ended with status {code}"


def main() -> None:
    """The child's side."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not mix with our messages
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_leave_with_parent, daemon=True).start()

    def report(progress: Progress) -> None:
        out.write(json.dumps({"progress": [progress.done, progress.total, progress.note]}) + "\n")

    from tasks.run import work

    try:
        result = getattr(work, request["work"])(**request["job"], report=report)
        out.write(json.dumps({"result": result}) + "\n")
    except Exception as error:  # whatever it is, the parent is to raise it; a defect keeps its traceback
        kind = type(error).__name__ if isinstance(error, MmkpError) else DEFECT
        message = str(error) if isinstance(error, MmkpError) else traceback.format_exc()
        out.write(json.dumps({"failure": {"kind": kind, "message": message}}) + "\n")
        sys.exit(1)


def _leave_with_parent() -> None:
    sys.stdin.read()
    os._exit(3)


if __name__ == "__main__":
    main()
