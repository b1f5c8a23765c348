"""The whole mission on generated posts: no network, no key, no download."""

from dataclasses import replace
from typing import Annotated

from annotated_types import Ge, Le
from prefect import flow

from flows.stages import (
    TASK_RUNNER,
    decide_stage,
    enrich_stage,
    grow_stage,
    ingest_demo_stage,
    report_stage,
    score_stage,
    split_stage,
    teach_if_needed,
    train_stage,
)
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from mmkp_core.vision.attributes import AttributeSpec
from mmkp_core.vision.entities import EntitySpec
from mmkp_core.vision.features.files import FeatureSpec
from tasks.choices import DEMO_SYSTEMS, PromotionRule, SystemId, TrainingChoice, VlmChoice, settings_by_system
from tasks.reading import ImageReading
from tasks.retrain import carry_out

CHALLENGED = "tfidf"
"""The system whose run on the first posts is challenged by one that has seen later posts too."""
LEAKING = ("tfidf", "copy")
"""Trained twice more: on a split that leaks, and on the same without the leaks."""


@flow(task_runner=TASK_RUNNER)
def demo(
    posts: DemoSpec = DemoSpec(),
    later_share: Annotated[float, Ge(0), Le(1)] = 0.25,
    ocr: OcrSpec = OcrSpec(),
    attributes: AttributeSpec = AttributeSpec(),
    features: FeatureSpec = FeatureSpec(),
    entities: EntitySpec = EntitySpec(model="scripted"),
    split: SplitSpec = SplitSpec(test_share=0.2),
    teacher: TeacherSpec = TeacherSpec(),
    limits: TeacherLimits = TeacherLimits(),
    systems: list[SystemId] = list(DEMO_SYSTEMS),
    training: TrainingChoice = TrainingChoice(epochs=8, batch_size=32),
    vision_language: VlmChoice = VlmChoice(
        image_words=True,
        training=TrainingChoice(epochs=7, batch_size=16, learning_rate=6e-3),
        gamma=0.3,
        warmup_steps=100,
    ),
    seed: int = 0,
    evaluation: EvaluateSpec = EvaluateSpec(),
    rebuild: bool = False,
) -> str:
    """Generated posts through every stage to a report.

    Args:
        later_share: How many posts come in afterwards, as a share of the first ones, for one decision between champion
            and challenger; 0: no decision.
        systems: What to train and compare.
        training: Changes to the training of the classic systems.
        vision_language: Backbone, training and gate of the vision-language systems.
        seed: Of the trainings; the posts have their own.
        rebuild: Make everything again although it is there.
    """
    images = ImageReading(ocr=ocr, attributes=attributes, features=features, entities=entities)
    dataset = ingest_demo_stage(posts, "demo", rebuild)
    enriched = enrich_stage(dataset, images, limits, "demo", rebuild)
    divided = split_stage(dataset, enriched, split, "demo", rebuild)
    taught = teach_if_needed(systems, divided, enriched, teacher, limits, "demo", rebuild)
    chosen = settings_by_system(systems, training, vision_language)
    runs = train_stage(chosen, divided, enriched, taught, seed, "demo", rebuild)
    scores = score_stage(runs, divided, enriched, evaluation, rebuild)

    # the same posts divided as they fall, with and without training on copies of test posts: what is a leak worth?
    leaking = settings_by_system([system for system in LEAKING if system in systems], training, vision_language)
    for kind in ("random", "purged") if leaking else ():
        parts = split_stage(dataset, enriched, replace(split, kind=kind), f"demo-{kind}", rebuild)
        trained = train_stage(leaking, parts, enriched, None, seed, f"demo-{kind}", rebuild)
        score_stage(trained, parts, enriched, evaluation, rebuild)

    champion, later = runs.get(f"demo-{CHALLENGED}"), round(later_share * posts.posts)
    if later and champion:  # posts that come in afterwards, and a challenger that has seen them too
        more = replace(posts, posts=later, first=posts.first + posts.posts)
        grown = ingest_demo_stage(more, "demo-later", rebuild, before=dataset)
        seen = enrich_stage(grown, images, limits, "demo-later", rebuild)
        both = grow_stage(grown, seen, champion, split)
        challengers = train_stage({CHALLENGED: chosen[CHALLENGED]}, both, seen, None, seed, "demo-later", rebuild)
        carry_out(decide_stage("demo", champion, challengers[f"demo-later-{CHALLENGED}"], both, seen, PromotionRule()))

    return report_stage("The demo: generated posts", divided, enriched, scores, "demo", rebuild)
