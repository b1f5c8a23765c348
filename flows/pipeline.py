"""A file of posts through every stage to a report."""

from prefect import flow

from flows.stages import (
    TASK_RUNNER,
    enrich_stage,
    ingest_stage,
    report_stage,
    score_stage,
    split_stage,
    train_stage,
)
from mmkp_core.data.formats import IngestSpec
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.ocr.spec import OcrSpec
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.visual.attributes import AttributeSpec
from mmkp_core.visual.features import FeatureSpec
from tasks.choices import DEMO_SYSTEMS, Name, SystemId, TrainingChoice
from tasks.sources import Source


@flow(task_runner=TASK_RUNNER)
def pipeline(
    source: Source,
    name: Name,
    reading: IngestSpec = IngestSpec(),
    ocr: OcrSpec = OcrSpec(),
    attributes: AttributeSpec = AttributeSpec(),
    features: FeatureSpec = FeatureSpec(),
    split: SplitSpec = SplitSpec(),
    systems: list[SystemId] = list(DEMO_SYSTEMS),
    training: TrainingChoice = TrainingChoice(),
    seed: int = 0,
    evaluation: EvaluateSpec = EvaluateSpec(),
    rebuild: bool = False,
) -> str:
    """A file of posts through every stage to a report.

    Args:
        source: The file of posts and what belongs to it.
        name: Of the data set, and the beginning of the names of its split, runs and report.
        reading: How the file becomes posts.
        systems: What to train and compare.
        seed: Of the trainings.
        rebuild: Make everything again although it is there.
    """
    dataset = ingest_stage(source, reading, name, append=False, rebuild=rebuild)
    enriched = enrich_stage(dataset, ocr, attributes, features, name, rebuild)
    divided = split_stage(dataset, enriched, split, name, rebuild)
    runs = train_stage(systems, divided, enriched, training, {}, seed, name, rebuild)
    scores = score_stage(runs, divided, enriched, evaluation, rebuild)
    return report_stage(f"Report: {name}", divided, enriched, scores, name, (), rebuild)
