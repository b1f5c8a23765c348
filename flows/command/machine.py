"""Commands about this machine: what it can do, how fast it is, and its tiny backbone."""

import json as text
import shutil
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.command.running import say


def doctor(*, json: bool = False) -> None:
    """What this machine can do, and what to do about the rest.

    Args:
        json: Print one JSON document.
    """
    from flows.command.doctor import examine

    checks = examine()
    if json:
        print(text.dumps([check.document() for check in checks]))
        return
    for check in checks:
        print(f"{'ok ' if check.ok else '-- '} {check.part:<22} {check.state}")
        if check.remedy:
            print(f"{'':<26} {check.remedy}")


def bench(*names: Annotated[str, Parameter(metavar="NAME")], json: bool = False, full: bool = False) -> None:
    """The speed table, each figure beside its reference.

    Args:
        names: Which rows; all unless given.
        json: Print one JSON document.
        full: At the sizes of the published table; takes long.
    """
    from flows.command.bench import run_benchmarks

    run_benchmarks(names, as_json=json, full=full)


def tiny(*, seed: int = 0, output: Annotated[Path, Parameter(metavar="DIR")] = Path("tiny")) -> None:
    """Train the tiny vision-language backbone anew.

    Args:
        seed: Of the generated posts and the training.
        output: A folder, which a run's backbone may name.
    """
    import torch

    from mmkp_core.learning import Progress
    from mmkp_core.vlm.tiny_training import TinySpec, train_tiny

    def report(progress: Progress) -> None:
        if progress.done % 25 == 0 or progress.done == progress.total:
            say(f"{progress.done:,} of {progress.total:,} steps, {progress.note}")

    torch.set_num_threads(1)  # the order of sums, and so the weights, would follow from the number of cores
    checkpoints = output / "checkpoints"  # a killed training goes on from there
    train_tiny(output, TinySpec(), seed, checkpoints, report)
    shutil.rmtree(checkpoints)
    print(output)
