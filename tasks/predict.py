"""Predictions of a run, in a child process that publishes them part by part."""

from collections.abc import Sequence

from mmkp_core.data.inputs import Inputs
from mmkp_core.identity import ArtifactRef
from mmkp_core.systems import learner
from storage.draft import Draft
from storage.facts import PredictionsFacts, SplitFacts
from storage.run import Run
from tasks.run.child import run_in_child
from tasks.run.progress import progress
from tasks.run.store import build_once, open_store
from tasks.run.stored import stored_task
from tasks.train import child_died

VERSION = 1


@stored_task(task_run_name="predict {name}", retries=2, retry_delay_seconds=5, retry_condition_fn=child_died)
def predict_posts(
    run: ArtifactRef,
    source: ArtifactRef,
    enrichments: Sequence[ArtifactRef],
    part: str = "",
    inputs: Inputs = "both",
    name: str = "",
    rebuild: bool = False,
) -> ArtifactRef:
    """What `run` predicts for a part of a split, or for all posts of a data set."""
    store = open_store()
    trained = Run(store, run)
    trained.require_same_weights()

    def build(draft: Draft) -> None:
        job = {
            "run": run.address,
            "source": source.address,
            "part": part,
            "enrichments": [ref.address for ref in enrichments],
            "inputs": inputs,
            "predictions": draft.ref.address,
            "rebuild": rebuild,
        }
        needs = learner(trained.facts.family).declare(trained.spec).needs
        with progress(f"predicting with {name or run}") as report:
            found = run_in_child("tasks.run.work:predict", job, report, needs=needs)
        draft.rests_on += [ArtifactRef.parse(address) for address in found["parts"]]
        is_split = source.kind == "split"
        draft.facts = PredictionsFacts(
            run=run.address,
            system=trained.facts.system,
            dataset=store.require(source).states(SplitFacts).dataset if is_split else source.address,
            split=source.address if is_split else None,
            part=part,
            inputs=inputs,
            heads=trained.facts.heads,
            posts=found["posts"],
            without_image=found["without_image"],
        )

    spec = {"part": part, "inputs": inputs}
    return build_once("predictions", spec, [run, source, *enrichments], build, version=VERSION, rebuild=rebuild)
