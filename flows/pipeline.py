"""A file of posts through every stage to a report."""

from prefect import flow

from flows.stages import (
    TASK_RUNNER,
    enrich_stage,
    ingest_stage,
    report_stage,
    score_stage,
    split_stage,
    teach_if_needed,
    train_stage,
)
from mmkp_core.data.formats import IngestSpec
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from mmkp_core.vision.attributes import AttributeSpec
from mmkp_core.vision.entities import EntitySpec
from mmkp_core.vision.features.files import FeatureSpec
from tasks.choices import PIPELINE_SYSTEMS, Name, SystemId, TrainingChoice, VlmChoice, settings_by_system
from tasks.reading import ImageReading
from tasks.run.sources import Source


@flow(task_runner=TASK_RUNNER)
def pipeline(
    source: Source,
    name: Name,
    reading: IngestSpec = IngestSpec(),
    ocr: OcrSpec = OcrSpec(),
    attributes: AttributeSpec = AttributeSpec(),
    features: FeatureSpec = FeatureSpec(),
    entities: EntitySpec = EntitySpec(),
    split: SplitSpec = SplitSpec(),
    teacher: TeacherSpec = TeacherSpec(),
    limits: TeacherLimits = TeacherLimits(),
    systems: list[SystemId] = list(PIPELINE_SYSTEMS),
    training: TrainingChoice = TrainingChoice(),
    vision_language: VlmChoice = VlmChoice(),
    seed: int = 0,
    evaluation: EvaluateSpec = EvaluateSpec(),
    rebuild: bool = False,
) -> str:
    """A file of posts through every stage to a report.

    Args:
        source: The file of posts and what belongs to it.
        name: Of the data set, and the beginning of the names of its split, runs and report.
        reading: How the file becomes posts.
        entities: What a vision model names in images; off unless a model is given.
        teacher: Asked for rationales if one of the systems learns from them.
        limits: How fast teacher and vision model are asked and how much may be spent.
        systems: What to train and compare.
        training: Changes to the training of the classic systems.
        vision_language: Backbone, training and gate of the vision-language systems.
        seed: Of the trainings.
        rebuild: Make everything again although it is there.
    """
    dataset = ingest_stage(source, reading, name, append=False, rebuild=rebuild)
    images = ImageReading(ocr=ocr, attributes=attributes, features=features, entities=entities)
    enriched = enrich_stage(dataset, images, limits, name, rebuild)
    divided = split_stage(dataset, enriched, split, name, rebuild)
    taught = teach_if_needed(systems, divided, enriched, teacher, limits, name, rebuild)
    chosen = settings_by_system(systems, training, vision_language)
    runs = train_stage(chosen, divided, enriched, taught, seed, name, rebuild)
    scores = score_stage(runs, divided, enriched, evaluation, rebuild)
    return report_stage(f"Report: {name}", divided, enriched, scores, name, rebuild)
