"""Rationales of a teacher for a split's training posts."""

from prefect import flow

from flows.stages import teach_stage
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from tasks.choices import Name
from tasks.names import resolve
from tasks.runs import dataset_of, enrichment_for


@flow
def teach(
    split: Name,
    teacher: TeacherSpec = TeacherSpec(),
    limits: TeacherLimits = TeacherLimits(),
    rebuild: bool = False,
) -> str:
    """Ask a teacher model to reason from each training post to its keyphrases; each reply is paid once.

    Args:
        split: Name of the split.
        teacher: Which model, what it is asked, and what is accepted.
        limits: How fast it is asked and how much may be spent; a run that is stopped by its budget goes on from there.
        rebuild: Judge the answers again; none is bought twice.
    """
    divided = resolve("split", split)
    return str(teach_stage(divided, enrichment_for(dataset_of(divided)), teacher, limits, split, rebuild))
