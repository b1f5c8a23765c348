"""The material of a page, read from the store."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from mmkp_core.data.post import Example
from mmkp_core.evaluation.post_scores import read_tables, rows_with
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef, to_json
from mmkp_core.report.material import Material, Rows, ScoredRun, SplitMaterial, Teacher
from mmkp_core.report.post_rows import OverlapRow
from mmkp_core.report.score_rows import Cell, DecisionRow
from mmkp_core.report.sections.scores import SELECTION
from mmkp_core.spec import load
from storage.dataset import DataSet, image_reader, phrase_kinds
from storage.enrichment import Enrichment, examples
from storage.facts import DecisionFacts, RationalesFacts
from storage.report_sources import ReportSources
from storage.report_work import work_on
from storage.run import Run, Scores
from storage.split import PARTS, Split
from storage.store import Store

STATUSES = ("accepted", "rejected", "failed")
EFFORT = ["post_id", "head", "reasoning", "tokens", "steps", "seconds"]
DAMAGED = ("unreadable", "too_large")


def report_material(
    store: Store, title: str, sources: ReportSources, made: datetime, provenance: Mapping[str, str]
) -> Material:
    """All that `sources` hold for a page; `provenance` is that of the flow run which makes it."""
    names = sources.names(store)
    given = {split: [Scores(store, ref) for ref in refs] for split, refs in sources.scores.items()}
    runs = {split: [scored_run(scores, names) for scores in of_split] for split, of_split in given.items()}
    posts: dict[ArtifactRef, list[Example]] = {}
    splits = []
    for ref, scores in given.items():
        split = Split(store, ref)
        dataset = split.dataset
        if dataset.ref not in posts:
            posts[dataset.ref] = examples(store, dataset.posts(), sources.shown[ref])
        splits.append(split_material(split, posts[dataset.ref], sources.shown[ref], scores, runs[ref], names))
    return Material(
        title=title,
        made=f"{made:%d %B %Y, %H:%M} UTC",
        commit=provenance.get("commit", ""),
        splits=splits,
        leaky=[scored_run(Scores(store, ref), names) for ref in sources.leaky],
        purged=[scored_run(Scores(store, ref), names) for ref in sources.purged],
        decisions=tuple(decision_row(store, ref, names) for ref in reversed(sources.decisions)),
        work=list(work_on(store, given, runs, sources.shown, provenance.get("flow_run", ""))),
    )


def scored_run(scores: Scores, names: Mapping[str, str]) -> ScoredRun:
    """A run with what the sections read of its post scores; other tables are read when they are needed."""
    run = scores.run
    settings = {name: value for name, value in run.record.spec.items() if name != "seed"}
    backbone = str(getattr(run.spec, "backbone", ""))
    return ScoredRun(
        name=names.get(run.ref.address, run.ref.address),
        system=run.system,
        settings=to_json([settings, [ref.address for ref in run.record.inputs]]),
        seed=run.facts.seed,
        backbone=backbone.rstrip("/").rpartition("/")[2],
        evaluation=load(EvaluateSpec, scores.record.spec),
        heads=scores.facts.heads,
        tables=read_tables(scores.post_scores(where=rows_with(SELECTION)), SELECTION),
        hits=scores.hits,
        predictions=lambda: scores.predictions.table(EFFORT),
        curves=run.curves,
        counts=run.facts.counts,
    )


def split_material(
    split: Split,
    given: Sequence[Example],
    shown: Sequence[ArtifactRef],
    scores: Sequence[Scores],
    runs: Sequence[ScoredRun],
    names: Mapping[str, str],
) -> SplitMaterial:
    """A split with its posts by part; `given` are all posts of its data set."""
    store, dataset, parts = split.store, split.dataset, split.parts()
    by_part: dict[str, list[Example]] = {part: [] for part in PARTS}
    for example in given:
        if part := parts.get(example.post.post_id):
            by_part.setdefault(part, []).append(example)
    trained = [one.run for one in scores]
    return SplitMaterial(
        name=names.get(split.ref.address, split.ref.address),
        described=f"{split.facts.kind} ({split.ref})",
        dataset=dataset.ref.address,
        is_generated=dataset.is_generated,
        examples=by_part,
        with_duplicates={
            part: count / of
            for part, count in zip(PARTS, split.facts.clustered_in, strict=False)
            if (of := getattr(split.facts, part))
        },
        kinds=phrase_kinds([example.post for example in given]) or {},
        intact=set(dataset.images()),
        damaged={key for status in DAMAGED for key in dataset.images(status)},
        picture=image_reader(store, [example.post for example in given]),
        overlaps=_overlaps(split),
        pairs=split.overlap_pairs(),
        quarantine=_quarantine(dataset),
        engines=_engines(store, (*shown, *(ref for run in trained for ref in run.enrichments))),
        teachers=tuple(_teachers(store, trained)),
        runs=runs,
    )


def decision_row(store: Store, ref: ArtifactRef, names: Mapping[str, str]) -> DecisionRow:
    record = store.require(ref)
    facts = record.states(DecisionFacts)
    difference = None if facts.difference is None else Cell(facts.difference, facts.low, facts.high)
    return DecisionRow(
        when=f"{record.made_at:%Y-%m-%d %H:%M}",
        challenger=names.get(facts.challenger, facts.challenger),
        champion=names.get(facts.champion, facts.champion) if facts.champion else "",
        promoted=facts.verdict in ("first", "promoted"),
        metric=facts.metric.rpartition(" ")[2] if difference else "",
        difference=difference,
        p_value=1.0 if facts.p_value is None else facts.p_value,
        posts=facts.posts or 0,
        reason="; ".join(facts.reasons),
    )


def _overlaps(split: Split) -> tuple[OverlapRow, ...]:
    return tuple(
        OverlapRow(
            measure=one.measure.replace("_", " "),
            before=one.before,
            before_of=one.before_of,
            after=one.after,
            after_of=one.after_of,
        )
        for one in split.facts.overlaps
    )


def _quarantine(dataset: DataSet) -> Rows | None:
    found = dataset.given("quarantine")
    return (lambda: dataset.store.table(found, "quarantine")) if found else None


def _engines(store: Store, enrichments: Sequence[ArtifactRef]) -> dict[str, list[str]]:
    """Kind of enrichment -> names of what its rows come from, each once."""
    engines: dict[str, list[str]] = {}
    for enrichment in (Enrichment(store, ref) for ref in dict.fromkeys(enrichments)):
        known = engines.setdefault(enrichment.kind, [])
        known += [name for name in enrichment.engines if name not in known]
    return engines


def _teachers(store: Store, runs: Sequence[Run]) -> Iterator[Teacher]:
    for ref in dict.fromkeys(ref for run in runs for ref in run.rationales):
        facts = store.require(ref).states(RationalesFacts)
        yield Teacher(facts.model, {status: n for status in STATUSES if (n := facts.of_status(status))})
