"""Scores of runs on the test posts of a split."""

from prefect import flow

from flows.settings import Name
from flows.stages import TASK_RUNNER, score_stage
from mmkp_core.evaluation.spec import EvaluateSpec
from storage.run import Run
from tasks.names import resolve
from tasks.run.store import open_store


@flow(task_runner=TASK_RUNNER)
def evaluate(
    runs: list[Name], split: str = "", settings: EvaluateSpec = EvaluateSpec(), rebuild: bool = False
) -> list[str]:
    """Scores of runs on the test posts of a split.

    Args:
        runs: Names of the runs.
        split: Name of the split; the one that each was trained on unless given.
        settings: Whose rules, and how sure.
        rebuild: Predict and score again although it is there.
    """
    scores = []
    for name in runs:
        run = resolve("run", name)
        parts = resolve("split", split) if split else Run(open_store(), run).split.ref
        scores += score_stage({name: run}, parts, settings, rebuild)
    return [str(ref) for ref in scores]
