"""The whole mission on generated posts: no network, no key, no download."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from annotated_types import Ge, Le
from prefect import flow

from flows.settings import (
    DEMO_SETTINGS,
    DEMO_SYSTEMS,
    EVERY,
    DemoSettings,
    Seed,
    SystemIdOrEvery,
    chosen_specs,
    every_system,
)
from flows.stages import (
    TASK_RUNNER,
    Enrichments,
    decide_stage,
    enrich_stage,
    generate_stage,
    kinds_read,
    report_stage,
    score_stage,
    split_stage,
    teach_if_needed,
    train_stage,
)
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.evaluation.spec import PromotionRule
from mmkp_core.identity import ArtifactRef
from tasks.retrain import carry_out

logger = logging.getLogger(__name__)

CHALLENGED = "tfidf"
"""The system whose run on the first posts is challenged by one that has seen later posts too."""
LEAKING = ("tfidf", "copy-ocr")
"""Trained twice more: on a split that leaks, and on the same without the leaks."""


@flow(task_runner=TASK_RUNNER)
def demo(
    posts: Annotated[int, Ge(1), Le(10_000_000)] = 1200,
    seed: Seed = 0,
    systems: list[SystemIdOrEvery] = list(DEMO_SYSTEMS),
    settings: DemoSettings = DemoSettings(),
    rebuild: bool = False,
) -> str:
    """Generated posts through every stage to a report; needs no network and no key.

    Args:
        posts: How many posts to generate; 1,200 are what a small model needs to learn the drawn shapes.
        seed: Another seed, other posts.
        systems: What to train and compare; `all` is every system that can be trained here.
        settings: Of every stage, and of each system.
        rebuild: Make everything again although it is there.
    """
    specs = chosen_specs(_named(systems), DEMO_SETTINGS, settings.systems)
    first = DemoSpec(posts=posts, seed=seed)
    dataset = generate_stage(first, "demo", rebuild)
    parts = split_stage(dataset, settings.split, "demo", rebuild)
    kinds = [*settings.kinds, *kinds_read(specs)]
    enrichments = enrich_stage(dataset, kinds, settings, settings.limits, "demo", rebuild)
    rationales = teach_if_needed(specs, parts, enrichments, settings.teacher, settings.limits, "demo", rebuild)
    runs = train_stage(specs, parts, enrichments, rationales, settings.training_seed, names("demo", specs), rebuild)
    scores = score_stage(runs, parts, settings.evaluation, rebuild)
    measure_leak(dataset, {name: specs[name] for name in LEAKING if name in specs}, enrichments, settings, rebuild)
    later = round(settings.later_share * posts)
    if later and CHALLENGED in specs:
        more = replace(first, posts=later, first=first.first + posts)
        grown = generate_stage(more, "demo-later", rebuild, before=dataset)
        challenge(grown, parts, runs[f"demo-{CHALLENGED}"], specs[CHALLENGED], settings, rebuild)
    return report_stage("The demo: generated posts", parts, scores, "demo", rebuild)


def _named(systems: Sequence[str]) -> list[str]:
    """The systems by name, where all are asked for; those that cannot be trained here are told."""
    if EVERY not in systems:
        return list(systems)
    every, left_out = every_system()
    for name, reason in left_out.items():
        logger.warning("%s is left out: %s", name, reason)
    return every


def measure_leak(
    dataset: ArtifactRef, specs: Mapping[str, Any], enrichments: Enrichments, settings: DemoSettings, rebuild: bool
) -> None:
    """The same posts split as they fall, with and without training on duplicates of test posts."""
    for kind in ("random", "purged") if specs else ():
        name = f"demo-{kind}"
        parts = split_stage(dataset, replace(settings.split, kind=kind), name, rebuild)
        runs = train_stage(specs, parts, enrichments, None, settings.training_seed, names(name, specs), rebuild)
        score_stage(runs, parts, settings.evaluation, rebuild)


def challenge(
    grown: ArtifactRef, before: ArtifactRef, champion: ArtifactRef, spec: Any, settings: DemoSettings, rebuild: bool
) -> None:
    """Posts that came in afterwards, and a challenger that has seen them too."""
    specs = {CHALLENGED: spec}
    parts = split_stage(grown, settings.split, "", rebuild, before=before)
    enrichments = enrich_stage(grown, kinds_read(specs), settings, settings.limits, "demo-later", rebuild)
    runs = train_stage(specs, parts, enrichments, None, settings.training_seed, names("demo-later", specs), rebuild)
    challenger = runs[f"demo-later-{CHALLENGED}"]
    carry_out(decide_stage("demo", champion, challenger, parts, PromotionRule()))


def names(data: str, specs: Mapping[str, Any]) -> dict[str, str]:
    """What runs are called: after the data and the system."""
    return {system: f"{data}-{system}" for system in specs}
