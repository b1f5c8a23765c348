"""Champion and challenger: train on data up to now, and promote only what is measurably better."""

from typing import Any

from prefect import flow
from prefect.states import Completed

from flows.settings import Name, RetrainSettings, Seed, SystemId, chosen_specs
from flows.stages import TASK_RUNNER, decide_stage, enrich_stage, kinds_read, split_stage, teach_if_needed, train_stage
from mmkp_core.errors import MmkpError
from mmkp_core.identity import ArtifactRef
from mmkp_core.vision.spec import EnrichSpec
from storage.champion import bearer_of, lost
from storage.enrichment import chosen_settings, recorded_settings
from storage.run import Run
from tasks.champion import show_champion
from tasks.names import give_name, known, resolve
from tasks.retrain import carry_out, check_grown, kept_before, reasons_of
from tasks.run.store import open_store


@flow(task_runner=TASK_RUNNER)
def retrain(
    dataset: Name,
    system: SystemId = "tfidf",
    champion: Name = "default",
    seed: Seed = 0,
    settings: RetrainSettings = RetrainSettings(),
    rebuild: bool = False,
) -> Any:
    """Train a challenger on a data set as it is now; it takes the champion's name only if it is surely better.

    Args:
        dataset: Name of the data set, which grows by `ingest` with append.
        system: What to train.
        champion: The name at stake.
        seed: Training seed.
        settings: How the challenger comes about, and when it takes the name.
        rebuild: Train again although the run is there.
    """
    specs = chosen_specs([system], settings.systems)  # a wrong setting fails whether or not there is anything to do
    with open_store().lock(f"champion/{champion}"):  # of two that decide about one name, the later waits for the other
        posts, old = resolve("dataset", dataset), known("champion", champion)
        if old:
            check_grown(posts, champion, old)
        before = Run(open_store(), old).split.ref if old else None
        parts = split_stage(posts, settings.split, "", rebuild=False, before=before)
        enrichments = enrich_stage(posts, kinds_read(specs), reading_of(dataset, old), settings.limits)
        rationales = teach_if_needed(specs, parts, enrichments, settings.teacher, settings.limits, "", False)
        name = f"{dataset}-{system}-{parts.fingerprint[:8]}"
        challenger = train_stage(specs, parts, enrichments, rationales, seed, {system: name}, rebuild)[name]
        if challenger == old:
            return nothing_new(champion, f"no new posts in {dataset} since the champion was trained")
        if taken := lost(open_store(), champion, challenger):  # else the next firing would undo what a person decided
            return nothing_new(
                champion,
                f"{name} bore the name {champion} before and lost it on {taken.at:%Y-%m-%d} ({taken.reason}); "
                "it gets it back only by hand (mmkp champion promote)",
            )
        give_name("split", name, parts, "grown for re-training")
        decision = decide_stage(champion, old, challenger, parts, settings.rule)
        if was := kept_before(decision):
            return nothing_new(
                champion, f"no new posts in {dataset} since {name} was not better on {was.made_at:%Y-%m-%d}"
            )
        if known("champion", champion) != old:
            raise MmkpError(f"the champion {champion!r} was changed while this run decided about it; run it again")
        verdict = carry_out(decision)
        message = f"{verdict}: {bearer_of(open_store(), champion)}; {'; '.join(reasons_of(decision))}"
        return Completed(name=verdict.capitalize(), message=message, data=message)


def reading_of(dataset: str, champion: ArtifactRef | None) -> EnrichSpec:
    """How images are read: as the champion learned from them, else as was last asked for this data."""
    store = open_store()
    settings = chosen_settings(store, dataset)
    return recorded_settings(store, Run(store, champion).enrichments, settings) if champion else settings


def nothing_new(champion: str, why: str) -> Any:
    """The end of a run that had nothing to decide."""
    bearer = bearer_of(open_store(), champion)
    title = f"Nothing new: `{bearer}` stays the champion `{champion}`"
    show_champion(champion, title, lines=[f"Why: {why}."])
    return Completed(name="Cached", message=why, data=why)
