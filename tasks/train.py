"""Training a system, in a child process that resumes from its checkpoints."""

from collections.abc import Sequence
from typing import Any

from prefect.client.schemas.objects import State, TaskRun

from mmkp_core.errors import ChildDied, WrongInput
from mmkp_core.identity import ArtifactRef
from mmkp_core.spec import dump
from mmkp_core.systems import find_system, learner
from mmkp_core.tables.runs import CURVES
from storage.draft import Draft
from storage.facts import RunFacts, SplitFacts
from tasks.run.child import run_in_child
from tasks.run.progress import progress
from tasks.run.store import build_once, open_store
from tasks.run.stored import stored_task

VERSION = 1


async def child_died(_task: Any, _run: TaskRun, state: State) -> bool:
    """Only a dead child is worth another try; whatever else fails, fails again."""
    try:
        await state.aresult()
    except ChildDied:
        return True
    except Exception:
        return False
    return False


@stored_task(task_run_name="train {system}", retries=2, retry_delay_seconds=5, retry_condition_fn=child_died)
def train_system(
    system: str,
    spec: Any,
    split: ArtifactRef,
    enrichments: Sequence[ArtifactRef],
    rationales: ArtifactRef | None,
    seed: int,
    rebuild: bool = False,
) -> ArtifactRef:
    """The run of a system, by its spec as chosen, on a split's training posts and what it declares to read."""
    store, row = open_store(), find_system(system)
    family = learner(row.family)
    declared = family.declare(spec)
    if rationales is None and "rationales" in declared.reads:
        raise WrongInput(f"{system} learns from a teacher's rationales and this split has none; run `mmkp teach` on it")

    def build(draft: Draft) -> None:
        model = draft.folder / "model"
        model.mkdir()
        job = {
            "system": system,
            "spec": dump(spec),
            "seed": seed,
            "split": split.address,
            "enrichments": [ref.address for ref in enrichments],
            "rationales": rationales.address if rationales else "",
            "model": str(model),
            "checkpoints": str(store.workspace(draft.ref)),
        }
        with progress(f"training {system}") as report:
            learned = run_in_child("tasks.run.work:fit", job, report, needs=declared.needs)
        draft.write_table(CURVES, learned["curve"])
        draft.facts = RunFacts(
            system=system,
            family=row.family,
            heads=declared.heads,
            seed=seed,
            split=split.address,
            dataset=store.require(split).states(SplitFacts).dataset,
            **{name: learned[name] for name in _LEARNED},
        )

    named = {
        "system": system, "spec": spec, "seed": seed, "weights": family.weights(spec), "learner": family.version,
    }  # fmt: skip
    inputs = [split, *enrichments, *([rationales] if rationales else [])]
    return build_once("run", named, inputs, build, version=VERSION, rebuild=rebuild)


_LEARNED = ("train_posts", "valid_posts", "epochs", "parameters", "device", "counts")
