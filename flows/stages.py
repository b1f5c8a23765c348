"""The stages that flows have in common, each a few task calls.

They are functions and not sub-flows: a sub-flow costs over a second even when nothing is new, and a failed
parent would run it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from prefect.futures import PrefectFuture, wait
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.formats import IngestSpec
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from tasks import enrich, evaluate, ingest, names, predict, report, retrain, runs, split, teach, train
from tasks.choices import PromotionRule
from tasks.plans import needs
from tasks.reading import ImageReading, chosen_reading
from tasks.run.sources import Source, name_of

TASK_RUNNER: TaskRunner[PrefectFuture[Any]] = cast(TaskRunner[PrefectFuture[Any]], ThreadPoolTaskRunner(max_workers=2))
"""Two at a time: each task keeps a core busy, in child processes of its own."""


def ingest_stage(
    source: Source, reading: IngestSpec, name: str = "", *, append: bool = False, rebuild: bool = False
) -> ArtifactRef:
    """Without a name the data set takes none: whoever only predicts changes nobody's data."""
    before = names.known("dataset", name) if append else None
    posts = ingest.ingest_posts(source, reading, before, rebuild=rebuild)
    dataset = ingest.join_dataset(before, posts)
    ingest.show_counts(dataset, key=f"posts-{dataset.fingerprint}")
    return names.publish(name, dataset, "appended" if before else "ingested") if name else dataset


def ingest_demo_stage(posts: DemoSpec, name: str, rebuild: bool, before: ArtifactRef | None = None) -> ArtifactRef:
    dataset = ingest.join_dataset(before, ingest.ingest_demo(posts, rebuild=rebuild))
    ingest.show_counts(dataset, key=f"posts-{dataset.fingerprint}")
    return names.publish(name, dataset, "generated")


def enrich_stage(
    dataset: ArtifactRef, reading: ImageReading, limits: TeacherLimits, name: str = "", rebuild: bool = False
) -> ArtifactRef:
    """With a name it is the reading that counts for the data set from now on."""
    if enriched := enrich.already_enriched(dataset, reading, rebuild=rebuild):
        return names.give_name("enriched", name, enriched, "the same as before") if name else enriched
    shards = enrich.shards(dataset)
    with enrich.readers(reading.ocr) as pool:
        read = [enrich.read_words.submit(dataset, reading.ocr, n, len(shards), pool, rebuild) for n in shards]
        read += [enrich.look_at.submit(dataset, reading, n, len(shards), rebuild) for n in shards]
        if reading.entities.model:
            read.append(enrich.name_entities.submit(dataset, reading.entities, limits, rebuild))
        results(read)
    enriched = enrich.select(dataset, reading, wait_for=read)
    return names.give_name("enriched", name, enriched, "enriched") if name else enriched


def split_stage(dataset: ArtifactRef, enriched: ArtifactRef, spec: SplitSpec, name: str, rebuild: bool) -> ArtifactRef:
    divided = split.split_posts(dataset, enriched, spec, rebuild=rebuild)
    split.show_parts(divided, key=f"split-{divided.fingerprint}")
    return names.give_name("split", name, divided, f"{spec.kind} split")


def data_stage(
    data: str, source: Source, reading: IngestSpec, valid: Source, valid_share: float
) -> tuple[ArtifactRef, ArtifactRef, str]:
    """A split and its enrichment for whatever a person names as data: a split, a data set or a file."""
    if data and (divided := names.known("split", data)):
        return divided, runs.enrichment_for(runs.dataset_of(divided)), data
    if data:
        dataset, called = names.resolve("dataset", data), data
    elif valid.path:
        parts = [ingest.ingest_posts(file, reading, None, prefix) for file, prefix in ((source, ""), (valid, "valid:"))]
        dataset = ingest.join_dataset(None, *parts)
        called = names.free_name(name_of(source), dataset)
    else:
        dataset = ingest_stage(source, reading)
        called = names.free_name(name_of(source), dataset)
    names.give_name("dataset", called, dataset, "trained on")
    enriched = runs.known_enrichment(dataset) or enrich_stage(dataset, chosen_reading(called), TeacherLimits(), called)
    if valid.path:
        divided = split.split_by_source(dataset, ["train", "valid"])
        return names.give_name("split", called, divided, "as the files were given"), enriched, called
    held_back = SplitSpec(kind="random", valid_share=valid_share, test_share=0.0)
    return split_stage(dataset, enriched, held_back, f"{called}-train-valid", rebuild=False), enriched, called


def grow_stage(posts: ArtifactRef, enriched: ArtifactRef, champion: ArtifactRef | None, spec: SplitSpec) -> ArtifactRef:
    """The split that the champion was trained on, grown by the posts that came since; a new one for the first."""
    if champion is None:
        return split.split_posts(posts, enriched, spec)
    before = runs.split_of(champion)
    if runs.dataset_of(before) == posts:
        return before
    return retrain.grow_split(posts, enriched, before, spec)


def teach_if_needed(
    systems: Iterable[str],
    divided: ArtifactRef,
    enriched: ArtifactRef,
    spec: TeacherSpec,
    limits: TeacherLimits,
    name: str,
    rebuild: bool,
) -> ArtifactRef | None:
    """Rationales where one of the systems learns from them; a teacher costs money, so nobody else asks one."""
    if not any(needs(system, "teacher") for system in systems):
        return None
    return teach_stage(divided, enriched, spec, limits, name, rebuild)


def teach_stage(
    divided: ArtifactRef, enriched: ArtifactRef, spec: TeacherSpec, limits: TeacherLimits, name: str, rebuild: bool
) -> ArtifactRef:
    taught = teach.teach_posts(divided, enriched, spec, limits, rebuild=rebuild)
    teach.show_teaching(taught, key=f"taught-{taught.fingerprint}")
    return names.give_name("taught", name, taught, f"by {spec.model}") if name else taught


def train_stage(
    systems: Mapping[str, Mapping[str, Any]],
    divided: ArtifactRef,
    enriched: ArtifactRef,
    taught: ArtifactRef | None,
    seed: int,
    name: str,
    rebuild: bool,
    called: str = "",
) -> dict[str, ArtifactRef]:
    """Runs by name, of systems with their changed settings; each is called after the data and its system, or `called`.

    Only systems that learn from rationales are given them: another teacher must not train the others anew.
    """
    futures = {
        called or f"{name}-{system}": train.train_system.submit(
            system, divided, enriched, settings, seed, taught if needs(system, "teacher") else None, rebuild
        )
        for system, settings in systems.items()
    }
    trained = dict(zip(futures, results(futures.values()), strict=True))
    for run_name, run in trained.items():
        names.give_name("run", run_name, run, f"trained with seed {seed}")
    return trained


def score_stage(
    trained: Mapping[str, ArtifactRef],
    divided: ArtifactRef,
    enriched: ArtifactRef,
    evaluation: EvaluateSpec,
    rebuild: bool,
) -> list[ArtifactRef]:
    said = {
        name: predict.predict_posts.submit(run, divided, enriched, part="test", name=name, rebuild=rebuild)
        for name, run in trained.items()
    }
    scores = results(
        [
            evaluate.evaluate_predictions.submit(predictions, evaluation, name=name, rebuild=rebuild)
            for name, predictions in zip(said, results(said.values()), strict=True)
        ]
    )
    evaluate.show_scores(scores, key=f"scores-{divided.fingerprint}")
    return scores


def decide_stage(
    name: str,
    champion: ArtifactRef | None,
    challenger: ArtifactRef,
    divided: ArtifactRef,
    enriched: ArtifactRef,
    rule: PromotionRule,
) -> ArtifactRef:
    """The decision about `name`, from what both say of the same test posts; carrying it out is another step."""
    both = [("champion", champion), ("challenger", challenger)]
    said = [predict.predict_posts.submit(run, divided, enriched, part="test", name=who) for who, run in both if run]
    return retrain.decide(name, champion, challenger, results(said), rule)


def report_stage(
    title: str,
    divided: ArtifactRef,
    enriched: ArtifactRef,
    scores: Sequence[ArtifactRef],
    name: str,
    rebuild: bool,
) -> str:
    """One page, with what else is known: what a leak is worth, and decisions about the same runs."""
    leaky, purged = runs.leak_scores(divided)
    decisions = runs.decisions_about(scores)
    page = report.make_report(title, divided, enriched, scores, leaky, purged, decisions, rebuild=rebuild)
    names.give_name("report", name, page, "made")
    return report.show_report(page)


def results(futures: Iterable[PrefectFuture[Any]]) -> list[Any]:
    """The results of all, once all have ended; if some failed, the first failure as it was raised."""
    futures = list(futures)
    wait(futures)
    return [future.result() for future in futures]
