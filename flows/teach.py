"""Rationales of a teacher for a split's training posts."""

from prefect import flow

from flows.settings import Name, TeachSettings
from flows.stages import TASK_RUNNER, TEACHER_READS, known_enrichments, teach_stage
from mmkp_core.teacher.spec import ModelName
from tasks.names import resolve


@flow(task_runner=TASK_RUNNER)
def teach(
    split: Name, model: ModelName = "scripted", settings: TeachSettings = TeachSettings(), rebuild: bool = False
) -> str:
    """Rationales of a teacher model for a split's training posts; each reply is paid once.

    Args:
        split: Name of the split.
        model: Name of the teacher as the endpoint knows it; `scripted` is the local server that answers for generated
            posts.
        settings: What it is asked, what is accepted, and how much may be spent.
        rebuild: Judge the answers again; none is bought twice.
    """
    parts = resolve("split", split)
    shown = known_enrichments(parts, TEACHER_READS)
    spec = settings.teacher.of_model(model)
    return str(teach_stage(parts, shown, spec, settings.limits, split, rebuild))
