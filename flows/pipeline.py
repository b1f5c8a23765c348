"""A file of posts through every stage to a report."""

from prefect import flow

from flows.settings import PIPELINE_SYSTEMS, Name, PipelineSettings, Seed, SystemId, chosen_specs
from flows.stages import (
    TASK_RUNNER,
    enrich_stage,
    given_kinds,
    ingest_stage,
    kinds_read,
    report_stage,
    score_stage,
    split_stage,
    teach_if_needed,
    train_stage,
)
from tasks.run.sources import Source


@flow(task_runner=TASK_RUNNER)
def pipeline(
    source: Source,
    name: Name,
    systems: list[SystemId] = list(PIPELINE_SYSTEMS),
    seed: Seed = 0,
    settings: PipelineSettings = PipelineSettings(),
    rebuild: bool = False,
) -> str:
    """A file of posts through every stage to a report.

    Args:
        source: The file of posts and what belongs to it.
        name: Of the data set, and the beginning of the names of its split, runs and report.
        systems: What to train and compare.
        seed: Training seed.
        settings: Of every stage, and of each system.
        rebuild: Make everything again although it is there.
    """
    specs = chosen_specs(systems, settings.systems)
    dataset = ingest_stage(source, settings.ingest, name, rebuild=rebuild)
    parts = split_stage(dataset, settings.split, name, rebuild)
    kinds = [*settings.kinds, *given_kinds(dataset), *kinds_read(specs)]
    enrichments = enrich_stage(dataset, kinds, settings, settings.limits, name, rebuild)
    rationales = teach_if_needed(specs, parts, enrichments, settings.teacher, settings.limits, name, rebuild)
    names = {system: f"{name}-{system}" for system in systems}
    runs = train_stage(specs, parts, enrichments, rationales, seed, names, rebuild)
    scores = score_stage(runs, parts, settings.evaluation, rebuild)
    return report_stage(f"Report: {name}", parts, scores, name, rebuild)
