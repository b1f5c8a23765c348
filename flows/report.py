"""One page about a split and what each system made of it."""

from prefect import flow

from flows.stages import TASK_RUNNER, report_stage, score_stage
from mmkp_core.evaluation.spec import EvaluateSpec
from tasks.choices import Name
from tasks.names import resolve
from tasks.runs import enrichment_of, runs_on


@flow(task_runner=TASK_RUNNER)
def report(split: Name, evaluation: EvaluateSpec = EvaluateSpec(), rebuild: bool = False) -> str:
    """The report of every named run on a split.

    Args:
        split: Name of the split.
        evaluation: Whose rules, and how sure.
        rebuild: Score and write again although it is there.
    """
    divided = resolve("split", split)
    runs = runs_on(divided)
    enriched = enrichment_of(next(iter(runs.values())), divided)
    scores = score_stage(runs, divided, enriched, evaluation, rebuild)
    return report_stage(f"Report: {split}", divided, enriched, scores, split, rebuild)
