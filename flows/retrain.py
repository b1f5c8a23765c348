"""Champion and challenger: train on data up to now, and promote only what is measurably better."""

from typing import Any

from prefect import flow
from prefect.states import Completed

from flows.stages import TASK_RUNNER, decide_stage, enrich_stage, grow_stage, teach_if_needed, train_stage
from mmkp_core.errors import MmkpError
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from tasks.champion import bearer_of, lost, show_champion
from tasks.choices import Name, PromotionRule, SystemId, TrainingChoice, own_settings
from tasks.names import give_name, known, resolve
from tasks.reading import chosen_reading, reading_of
from tasks.retrain import carry_out, check_grown, kept_before, reasons_of


@flow(task_runner=TASK_RUNNER)
def retrain(
    dataset: Name,
    system: SystemId = "tfidf",
    champion: Name = "default",
    split: SplitSpec = SplitSpec(),
    training: TrainingChoice = TrainingChoice(),
    settings: dict[str, Any] = {},
    teacher: TeacherSpec = TeacherSpec(),
    limits: TeacherLimits = TeacherLimits(),
    rule: PromotionRule = PromotionRule(),
    seed: int = 0,
) -> Any:
    """Train a challenger on a data set as it is now; it takes the champion's name only if it is surely better.

    Args:
        dataset: Name of the data set, which grows by `ingest` with append.
        system: What to train.
        champion: The name at stake.
        split: How new posts are divided; old ones stay in their parts.
        training: Changes to the system's own training settings.
        settings: Changes to any of the system's settings, nested as they are.
        teacher: Asked about new training posts, if the system learns from rationales.
        limits: How fast an endpoint is asked and how much may be spent.
        rule: When the challenger takes the name.
        seed: Of the training.
    """
    posts, old = resolve("dataset", dataset), known("champion", champion)
    if old:
        check_grown(posts, champion, old)
    enriched = enrich_stage(posts, reading_of(old) if old else chosen_reading(dataset), limits)
    divided = grow_stage(posts, enriched, old, split)
    name = f"{dataset}-{system}-{divided.fingerprint[:8]}"
    taught = teach_if_needed([system], divided, enriched, teacher, limits, name="", rebuild=False)
    chosen = {system: own_settings(system, training, settings)}
    runs = train_stage(chosen, divided, enriched, taught, seed, dataset, rebuild=False, called=name)
    challenger = runs[name]
    if challenger == old:
        return nothing_new(champion, f"no new posts in {dataset} since the champion was trained")
    if taken := lost(champion, challenger):  # else the next firing would undo what somebody decided by hand
        return nothing_new(
            champion,
            f"{name} bore the name {champion} before and lost it on {taken.at:%Y-%m-%d} ({taken.reason}); "
            "it gets it back only by hand (mmkp champion promote)",
        )
    give_name("split", name, divided, "grown for re-training")
    decision = decide_stage(champion, old, challenger, divided, enriched, rule)
    if was := kept_before(decision):
        return nothing_new(champion, f"no new posts in {dataset} since {name} was not better on {was.made_at:%Y-%m-%d}")
    if known("champion", champion) != old:
        raise MmkpError(f"the champion {champion!r} was changed while this run decided about it; run it again")
    verdict = carry_out(decision)
    said_so = f"{verdict}: {bearer_of(champion)}; {'; '.join(reasons_of(decision))}"
    return Completed(name=verdict.capitalize(), message=said_so, data=said_so)


def nothing_new(champion: str, why: str) -> Any:
    """The end of a run that had nothing to decide."""
    bearer = bearer_of(champion)
    title = f"Nothing new: `{bearer}` stays the champion `{champion}`"
    show_champion(champion, title, lines=[f"Why: {why}."])
    return Completed(name="Cached", message=why, data=why)
