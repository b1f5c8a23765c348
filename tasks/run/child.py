"""Runs a task's work in a child process, with a place on the accelerator where the work needs one.

A crash or an exhausted memory there is one failed task, not a dead flow; the GIL and thread counts of one model do not
touch another.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from mmkp_core import processes
from mmkp_core.learning import Progress
from tasks.run.slots import slots
from tasks.run.store import FLOW_RUN, HOME, flow_run_id, home


def run_in_child(
    target: str, job: Mapping[str, Any], report: Callable[[Progress], None], *, needs: Collection[str] = ()
) -> Any:
    """Call `function(**job, report=...)`, where `target` is `module:function`, in a child; job and result are JSON.

    The child finds the same store and the same flow run as this process. It is made only when there is a place for what
    it needs.
    """
    environment = {HOME: home(), FLOW_RUN: flow_run_id()}
    with device_slot(needs):
        return processes.run(target, job, lambda fields: report(Progress(*fields)), environment=environment)


def device_slot(needs: Collection[str]) -> AbstractContextManager[Any]:
    """A place on the accelerator for those who need one."""
    return slots("gpu") if "gpu" in needs else nullcontext()
