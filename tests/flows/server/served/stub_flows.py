"""Flows small enough to be driven from the UI, shaped like the real ones."""

import logging
import multiprocessing
import multiprocessing.connection
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_progress_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

import flows  # noqa: F401  (a flow process ends with the `mmkp serve` that started it)
from mmkp_core.identity import ArtifactRef

for name in ("mmkp_core", "storage", "tasks"):
    logging.getLogger(name).setLevel(logging.INFO)


@dataclass(frozen=True, kw_only=True)
class LearningSpec:
    """How the weights move."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"use_attribute_docstrings": True}

    lr: Annotated[float, Ge(0.0), Le(1.0)] = 0.001
    """Learning rate of Adam."""
    epochs: Annotated[int, Ge(1), Le(200)] = 3
    """How often each post is seen."""
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    """How the learning rate falls."""


@dataclass(frozen=True, kw_only=True)
class StubSpec:
    """What is trained."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"use_attribute_docstrings": True}

    system: Literal["copy", "m3h-att", "sft"] = "copy"
    """Id of the system, as `mmkp systems` prints it."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One run for each."""
    seed: Annotated[int, Ge(0)] = 0
    """Of every random choice."""
    images: bool = True
    """Whether images are used."""
    note: str = ""
    """Free text; empty for none."""
    learning: LearningSpec = LearningSpec()
    """The training loop."""


@task(cache_policy=NO_CACHE)
def build(n: int) -> State[Any] | ArtifactRef:
    """The even ones are there already."""
    logging.getLogger("mmkp_core.stub").info("core says %d", n)
    ref = ArtifactRef("stub", f"{n:020d}")
    return Completed(name="Cached", message="in the store", data=ref) if n % 2 == 0 else ref


@flow
def short(spec: StubSpec = StubSpec(), dataset: str = "dataset/demo", rebuild: bool = False) -> None:
    """Four small tasks, a table and a link.

    Args:
        spec: What is trained.
        dataset: Name of a data set in the store.
        rebuild: Build again what is there.
    """
    refs = [build.submit(n).result() for n in range(4)]  # called directly, a Cached task hands out its state
    assert all(isinstance(ref, ArtifactRef) for ref in refs), refs
    create_table_artifact(key="counts", table=[{"epochs": spec.learning.epochs, "system": spec.system}])
    create_link_artifact(key="report", link="/reports/00000000000000000001/report.html", link_text="Open the report")
    create_progress_artifact(key="progress", progress=100.0)


def watch_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])


@task(cache_policy=NO_CACHE)
def hold(seconds: float, pids: str) -> None:
    # a daemon: at exit Python waits for other children, so a cancelled run would hang until it is killed
    child = multiprocessing.get_context("spawn").Process(target=watch_parent, daemon=True)
    child.start()
    with Path(pids).open("a") as out:
        out.write(f"{os.getpid()} {child.pid}\n")
    time.sleep(seconds)
    os.kill(child.pid or 0, 15)


@flow
def long(seconds: float = 300.0, pids: str = "pids.txt") -> None:
    """Waits with a child process of its own.

    Args:
        seconds: How long.
        pids: A file that gets the process ids.
    """
    hold(seconds, pids)


@flow
def flaky(marker: str = "marker.txt") -> None:
    """Fails until the marker file is there."""
    build(1)
    if not Path(marker).exists():
        raise RuntimeError("no marker yet")
