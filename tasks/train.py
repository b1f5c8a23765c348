"""Training a system, in a child process that resumes from its checkpoints."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from prefect.client.schemas.objects import State, TaskRun
from prefect.concurrency.sync import concurrency

from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from storage.store import Draft
from tasks.child import ChildDied, run_in_child
from tasks.plans import pretrained, run_plan
from tasks.progress import progress
from tasks.store import build_once, open_store
from tasks.stored import stored_task

VERSION = 1

CURVES = pa.schema(
    [
        pa.field("epoch", pa.int64(), nullable=False),
        pa.field("step", pa.int64(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
    ]
)


async def child_died(_task: Any, _run: TaskRun, state: State) -> bool:
    """Only a dead child is worth another try; whatever else fails, fails again."""
    try:
        await state.aresult()
    except ChildDied:
        return True
    except Exception:
        return False
    return False


@stored_task(
    task_run_name="train {system}",
    retries=2,
    retry_delay_seconds=5,
    retry_condition_fn=child_died,
)
def train_system(
    system: str,
    split: ArtifactRef,
    enriched: ArtifactRef,
    settings: Mapping[str, Any],
    seed: int,
    taught: ArtifactRef | None = None,
    rebuild: bool = False,
) -> ArtifactRef:
    """The run of `system` on a split's training posts, with a teacher's rationales where it learns from those."""
    plan = run_plan(system, settings)
    if taught is None and "teacher" in plan.needs:
        raise WrongInput(f"{system} learns from a teacher's rationales and this split has none; run `mmkp teach` on it")
    store = open_store()

    def build(draft: Draft) -> None:
        model = draft.folder / "model"
        model.mkdir()
        job = {
            "system": system,
            "settings": dict(settings),
            "seed": seed,
            "split": split.address,
            "enriched": enriched.address,
            "taught": taught.address if taught else "",
            "model": str(model),
            "checkpoints": str(store.workspace(draft.ref)),
        }
        with progress(f"training {system}") as report, device_slot(plan.needs):
            learned = run_in_child("fit", job, report)
        points = [dict(zip(CURVES.names, point, strict=True)) for point in learned["curve"]]
        draft.write_table("curves", points, CURVES)
        draft.facts.update(
            learned["facts"],
            system=system,
            family=plan.family,
            needs=list(plan.needs),
            heads=list(plan.heads),
            seed=seed,
            split=split.address,
            dataset=store.require(split).facts["dataset"],
            enriched=enriched.address,
        )

    spec = {"system": system, "spec": plan.spec, "seed": seed, "weights": pretrained(plan)}
    inputs = [split, enriched, *([taught] if taught else [])]
    return build_once("run", spec, inputs, build, version=VERSION, rebuild=rebuild)


def device_slot(needs: tuple[str, ...]) -> Any:
    """A place on the accelerator for those who need one; the limit is made by the bootstrap, never assumed."""
    from contextlib import nullcontext

    return concurrency("gpu", strict=True) if "gpu" in needs else nullcontext()
