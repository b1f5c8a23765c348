"""One page about a split and what each system made of it."""

from prefect import flow

from flows.settings import Name
from flows.stages import TASK_RUNNER, report_stage, score_stage
from mmkp_core.evaluation.spec import EvaluateSpec
from storage.run import runs_on
from tasks.names import resolve
from tasks.run.store import open_store


@flow(task_runner=TASK_RUNNER)
def report(split: Name, settings: EvaluateSpec = EvaluateSpec(), rebuild: bool = False) -> str:
    """One page about a split and what each system made of it, for every run on it that bears a name.

    Args:
        split: Name of the split.
        settings: Whose rules, and how sure.
        rebuild: Score and write again although it is there.
    """
    parts = resolve("split", split)
    scores = score_stage(runs_on(open_store(), parts), parts, settings, rebuild)
    return report_stage(f"Report: {split}", parts, scores, split, rebuild)
