"""The stages that flows have in common, each a few task calls.

They are functions and not sub-flows: a sub-flow costs over a second even when nothing is new, and a failed
parent would run it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prefect.futures import PrefectFuture, wait

from mmkp_core import processes
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.formats import IngestSettings
from mmkp_core.evaluation.spec import EvaluateSpec, PromotionRule
from mmkp_core.identity import ArtifactRef
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.systems import declared
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from mmkp_core.vision.spec import EnrichSpec
from storage.dataset import DataSet
from storage.enrichment import (
    Enrichment,
    chosen_settings,
    enrichment_kinds,
    known_enrichment,
    name_of_kind,
    recorded_settings,
)
from storage.run import Run, rationales_for
from storage.split import Split
from tasks import enrich, evaluate, ingest, names, predict, report, retrain, split, teach, train
from tasks.run.pools import close_pools
from tasks.run.runner import task_runner
from tasks.run.sources import Source, name_of
from tasks.run.store import open_store

TASK_RUNNER = task_runner()

Enrichments = Mapping[str, ArtifactRef]
"""A data set's enrichments, by kind."""


def ingest_stage(
    source: Source, settings: IngestSettings, name: str = "", *, append: bool = False, rebuild: bool = False
) -> ArtifactRef:
    """Without a name the data set takes none: whoever only predicts changes nobody's data."""
    before = names.known("dataset", name) if append else None
    posts = ingest.ingest_posts(source, settings, before, rebuild=rebuild)
    dataset = ingest.join_dataset(before, posts)
    ingest.show_counts(dataset, key=f"posts-{dataset.fingerprint}")
    return names.publish(name, dataset, "appended" if before else "ingested") if name else dataset


def generate_stage(posts: DemoSpec, name: str, rebuild: bool, before: ArtifactRef | None = None) -> ArtifactRef:
    dataset = ingest.join_dataset(before, ingest.generate_posts(posts, rebuild=rebuild))
    ingest.show_counts(dataset, key=f"posts-{dataset.fingerprint}")
    return names.publish(name, dataset, "generated")


def enrich_stage(
    dataset: ArtifactRef,
    kinds: Iterable[str],
    settings: EnrichSpec,
    limits: TeacherLimits = TeacherLimits(),
    name: str = "",
    rebuild: bool = False,
) -> dict[str, ArtifactRef]:
    """A data set's enrichments of these kinds; with a name they are what counts for it from now on."""
    kinds = list(dict.fromkeys(kinds))
    known = {kind: None if rebuild else enrich.known_rows(dataset, kind, settings.part(kind)) for kind in kinds}
    reads: dict[str, list[PrefectFuture[Any]]] = {}
    for kind in (kind for kind, found in known.items() if found is None):
        part, numbers = settings.part(kind), enrich.shards(dataset, kind)
        if kind == "ocr":
            reads[kind] = [enrich.read_words.submit(dataset, part, n, len(numbers), rebuild) for n in numbers]
        elif kind == "matches":
            reads[kind] = []
        elif kind == "entities":
            reads[kind] = [enrich.name_entities.submit(dataset, part, limits, rebuild)] if part.model else []
        else:
            reads[kind] = [enrich.extract.submit(dataset, kind, part, n, len(numbers), rebuild) for n in numbers]
    results([read for of_kind in reads.values() for read in of_kind])
    close_pools()  # else OCR keeps its memory while systems are trained
    found = {kind: ref or enrich.select(dataset, kind, settings.part(kind)) for kind, ref in known.items()}
    if name:
        for kind, ref in found.items():
            base, _, short = name_of_kind(kind, name).partition("/")
            names.give_name(base, short, ref, "enriched")
    return found


def split_stage(
    dataset: ArtifactRef, spec: SplitSpec, name: str, rebuild: bool, before: ArtifactRef | None = None
) -> ArtifactRef:
    """Parts of a data set, by its posts and its images' signatures; grown from the split `before` if there is one."""
    signatures = enrich_stage(dataset, ["signatures"], EnrichSpec(), rebuild=rebuild)["signatures"]
    if before:
        parts = grown_split(dataset, signatures, before, spec)
    else:
        parts = split.split_posts(dataset, signatures, spec, rebuild=rebuild)
        split.show_parts(parts, key=f"split-{parts.fingerprint}")
    return names.give_name("split", name, parts, f"{spec.kind} split") if name else parts


def grown_split(dataset: ArtifactRef, signatures: ArtifactRef, before: ArtifactRef, spec: SplitSpec) -> ArtifactRef:
    """The split that a champion was trained on, grown by the posts that came since; itself where none came."""
    if Split(open_store(), before).facts.dataset == dataset.address:
        return before
    return split.grow_split(dataset, signatures, before, spec)


def data_stage(data: str, source: Source, valid: Source, valid_share: float) -> tuple[ArtifactRef, str]:
    """A split, and what the data is called, for whatever a person names: a split, a data set or a file."""
    if data and (parts := names.known("split", data)):
        return parts, data
    if data:
        dataset, name = names.resolve("dataset", data), data
    elif valid.path:
        files = ((source, ""), (valid, "valid:"))
        parts_of = [ingest.ingest_posts(file, IngestSettings(), None, prefix) for file, prefix in files]
        dataset = ingest.join_dataset(None, *parts_of)
        name = names.free_name(name_of(source), dataset)
    else:
        dataset = ingest_stage(source, IngestSettings())
        name = names.free_name(name_of(source), dataset)
    names.give_name("dataset", name, dataset, "trained on")
    if valid.path:
        parts = split.split_by_source(dataset, ["train", "valid"])
        return names.give_name("split", name, parts, "as the files were given"), name
    held_back = SplitSpec(kind="random", valid_share=valid_share, test_share=0.0)
    return split_stage(dataset, held_back, f"{name}-train-valid", rebuild=False), name


def kinds_read(specs: Mapping[str, Any]) -> list[str]:
    """The kinds of enrichment that one of the systems reads."""
    return enrichment_kinds(kind for system, spec in specs.items() for kind in declared(system, spec).reads)


def known_or_new(dataset: ArtifactRef, kinds: Iterable[str], settings: EnrichSpec, name: str = "") -> Enrichments:
    """The enrichments that count for a data set, made with `settings` where there are none yet."""
    store = open_store()
    known = {kind: known_enrichment(store, dataset, kind) for kind in kinds}
    made = enrich_stage(dataset, [kind for kind, ref in known.items() if ref is None], settings, name=name)
    return {kind: ref or made[kind] for kind, ref in known.items()}


def enrich_for(specs: Mapping[str, Any], parts: ArtifactRef, name: str) -> Enrichments:
    """What the systems read of a split's data set: what counts there, else made as images were last read for it."""
    store = open_store()
    return known_or_new(Split(store, parts).dataset.ref, kinds_read(specs), chosen_settings(store, name), name)


def known_enrichments(parts: ArtifactRef, kinds: Iterable[str]) -> Enrichments:
    """Those enrichments of a split's data set that there are."""
    store = open_store()
    dataset = Split(store, parts).dataset.ref
    return {kind: ref for kind in kinds if (ref := known_enrichment(store, dataset, kind))}


def read_alike(dataset: ArtifactRef, run: Run, limits: TeacherLimits) -> list[ArtifactRef]:
    """A data set's enrichments, made as those were that `run` learned from."""
    if run.facts.dataset == dataset.address:
        return run.enrichments
    settings = recorded_settings(open_store(), run.enrichments, EnrichSpec())
    kinds = [Enrichment(open_store(), ref).kind for ref in run.enrichments]
    return list(enrich_stage(dataset, kinds, settings, limits).values())


def teach_if_needed(
    specs: Mapping[str, Any],
    parts: ArtifactRef,
    enrichments: Enrichments,
    spec: TeacherSpec,
    limits: TeacherLimits,
    name: str,
    rebuild: bool,
) -> ArtifactRef | None:
    """Rationales where one of the systems learns from them; a teacher costs money, so nobody else asks one."""
    if not any("rationales" in declared(system, one).reads for system, one in specs.items()):
        return None
    return teach_stage(parts, enrichments, spec, limits, name, rebuild)


TEACHER_READS = ("ocr", "attributes", "entities")


def teach_stage(
    parts: ArtifactRef, enrichments: Enrichments, spec: TeacherSpec, limits: TeacherLimits, name: str, rebuild: bool
) -> ArtifactRef:
    shown = [enrichments[kind] for kind in TEACHER_READS if kind in enrichments]
    rationales = teach.teach_posts(parts, shown, spec, limits, rebuild=rebuild)
    teach.show_teaching(rationales, key=f"rationales-{rationales.fingerprint}")
    return names.give_name("rationales", name, rationales, f"by {spec.model}") if name else rationales


def train_stage(
    specs: Mapping[str, Any],
    parts: ArtifactRef,
    enrichments: Enrichments,
    rationales: ArtifactRef | None,
    seed: int,
    run_names: Mapping[str, str],
    rebuild: bool,
) -> dict[str, ArtifactRef]:
    """Runs by name, of systems with their settings; each is given what it declares to read and nothing else."""
    futures = {}
    for system, spec in specs.items():
        reads = declared(system, spec).reads
        read = [enrichments[kind] for kind in enrichment_kinds(reads)]
        learned_from = rationales if "rationales" in reads else None
        futures[run_names[system]] = train.train_system.submit(system, spec, parts, read, learned_from, seed, rebuild)
    trained = dict(zip(futures, results(futures.values()), strict=True))
    for name, run in trained.items():
        names.give_name("run", name, run, f"trained with seed {seed}")
    return trained


def score_stage(
    trained: Mapping[str, ArtifactRef],
    parts: ArtifactRef,
    evaluation: EvaluateSpec,
    rebuild: bool,
    limits: TeacherLimits = TeacherLimits(),
    key: str = "",
) -> list[ArtifactRef]:
    """Scores of runs on the test posts of a split."""
    store = open_store()
    dataset = Split(store, parts).dataset.ref
    predictions = {}
    for name, run in trained.items():
        read = read_alike(dataset, Run(store, run), limits)
        predictions[name] = predict.predict_posts.submit(run, parts, read, part="test", name=name, rebuild=rebuild)
    scores = results(
        [
            evaluate.evaluate_predictions.submit(ref, evaluation, name=name, rebuild=rebuild)
            for name, ref in zip(predictions, results(predictions.values()), strict=True)
        ]
    )
    evaluate.show_scores(scores, key=key or f"scores-{parts.fingerprint}")
    return scores


def decide_stage(
    name: str, champion: ArtifactRef | None, challenger: ArtifactRef, parts: ArtifactRef, rule: PromotionRule
) -> ArtifactRef:
    """The decision about `name`, from both runs' scores on the same test posts; carrying it out is another step."""
    both = {"champion": champion, "challenger": challenger}
    rules = EvaluateSpec(protocol=rule.protocol, resamples=0)
    scores = score_stage({who: run for who, run in both.items() if run}, parts, rules, rebuild=False)
    return retrain.decide(name, champion, challenger, scores, rule)


def report_stage(title: str, parts: ArtifactRef, scores: Sequence[ArtifactRef], name: str, rebuild: bool) -> str:
    """One page about a split and what each system made of it; where it is."""
    page = report.make_report(title, parts, scores, rebuild=rebuild)
    names.give_name("report", name, page, "made")
    return report.show_report(page)


def leaderboard_stage(title: str, scores: Sequence[ArtifactRef], name: str, rebuild: bool) -> str:
    """One page about runs of several splits and seeds; where it is."""
    page = report.make_leaderboard(title, scores, rebuild=rebuild)
    names.give_name("leaderboard", name, page, "made")
    return report.show_report(page)


def given_kinds(dataset: ArtifactRef) -> list[str]:
    """Kinds of rows that came with the posts."""
    stored = DataSet(open_store(), dataset)
    return [kind for kind in (*TEACHER_READS, "matches") if stored.given(kind)]


def rationales_of(specs: Mapping[str, Any], parts: ArtifactRef) -> ArtifactRef | None:
    """The rationales that count for a split, where one of the systems learns from some."""
    needed = any("rationales" in declared(system, spec).reads for system, spec in specs.items())
    return rationales_for(open_store(), parts) if needed else None


def results(futures: Iterable[PrefectFuture[Any]]) -> list[Any]:
    """The results of all, once all have ended; if some failed, the first failure as it was raised.

    If this process is asked to end meanwhile, so are its children: the threads that wait for them end with them.
    """
    futures = list(futures)
    try:
        wait(futures)
    except BaseException:
        processes.stop_all()
        raise
    return [future.result() for future in futures]
