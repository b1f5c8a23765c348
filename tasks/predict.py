"""Predictions of a run, in a child process."""

from pydantic import TypeAdapter

from mmkp_core.errors import Mismatch
from mmkp_core.identity import ArtifactRef
from mmkp_core.vlm.spec import VlmSpec
from mmkp_core.vlm.weights import weights_identity
from storage.records import Record
from storage.store import Draft
from tasks.child import run_in_child
from tasks.examples import plain
from tasks.progress import progress
from tasks.store import build_once, open_store
from tasks.stored import stored_task
from tasks.train import child_died

VERSION = 1


def require_same_weights(run: Record, name: str) -> None:
    """An adapter means nothing on other weights than those it was trained on."""
    if run.facts["family"] != "vlm":
        return
    spec = TypeAdapter(VlmSpec).validate_python(plain(run.spec["spec"]))
    now = weights_identity(spec)
    if now != run.spec["weights"]:
        raise Mismatch(
            f"the backbone {spec.backbone!r} of run {name or run.ref} is not the one it was trained on "
            f"({now}, then {run.spec['weights']}); bring that one back, or train the run again"
        )


@stored_task(
    task_run_name="predict {name}",
    retries=2,
    retry_delay_seconds=5,
    retry_condition_fn=child_died,
)
def predict_posts(
    run: ArtifactRef, source: ArtifactRef, enriched: ArtifactRef, part: str = "", name: str = "", rebuild: bool = False
) -> ArtifactRef:
    """What `run` says of a part of a split, or of all posts of a data set."""
    store = open_store()
    require_same_weights(store.require(run), name)

    def build(draft: Draft) -> None:
        job = {
            "run": run.address,
            "source": source.address,
            "part": part,
            "enriched": enriched.address,
            "table": str(draft.folder / "predictions.parquet"),
            "artifact": draft.ref.address,
        }
        with progress(f"predicting with {name or run}") as report:
            found = run_in_child("predict", job, report)
        dataset = store.require(source).facts["dataset"] if source.kind == "split" else source.address
        draft.facts.update(
            found,
            run=run.address,
            system=store.require(run).facts["system"],
            split=source.address if source.kind == "split" else None,
            part=part,
            dataset=dataset,
            enriched=enriched.address,
        )

    return build_once("predictions", {"part": part}, [run, source, enriched], build, version=VERSION, rebuild=rebuild)
