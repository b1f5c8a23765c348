"""Scores of runs on the test posts of their split."""

from prefect import flow

from flows.stages import TASK_RUNNER, score_stage
from mmkp_core.evaluation.spec import EvaluateSpec
from tasks.choices import Name
from tasks.names import resolve
from tasks.runs import enrichment_of, split_of


@flow(task_runner=TASK_RUNNER)
def evaluate(
    runs: list[Name], split: str = "", evaluation: EvaluateSpec = EvaluateSpec(), rebuild: bool = False
) -> list[str]:
    """Scores of runs on the test posts of a split.

    Args:
        runs: Names of the runs.
        split: Name of the split; the one that each was trained on unless given.
        evaluation: Whose rules, and how sure.
        rebuild: Predict and score again although it is there.
    """
    scores = []
    for name in runs:
        run = resolve("run", name)
        divided = resolve("split", split) if split else split_of(run)
        scores += score_stage({name: run}, divided, enrichment_of(run, divided), evaluation, rebuild)
    return [str(ref) for ref in scores]
