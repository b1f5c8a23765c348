"""What a report says of how it came about: training curves, time, settings, and what stood in for what."""

from collections.abc import Iterable, Sequence

from mmkp_core.identity import ArtifactRef
from mmkp_core.report.page import (
    Curve,
    Fact,
    Stage,
)
from storage.records import Record
from storage.store import Store
from tasks.examples import dataset_parts
from tasks.report_entries import Entry, taught_to
from tasks.store import flow_run_id

COUNTED = frozenset({"answer_tokens", "rationale_tokens", "gamma_quantile", "l_sft"})
"""Figures of a training that are no losses; the view `curves` has them."""
STATUSES = ("accepted", "rejected", "failed")
SCRIPTED = (
    "The teacher or the vision model of these runs was `scripted`: a server that ships with mmkp and answers from what "
    "the generator of the posts knows. It shows the path of questions, answers, budgets and rationales, not what a "
    "model can do."
)
TINY = (
    "Rows marked tiny ran on the tiny backbone, 1.4 million weights that mmkp trained on generated posts. They show "
    "that a method runs and learns; they are not the published method's scores."
)


def curves(store: Store, entries: Sequence[Entry]) -> Iterable[Curve]:
    """The losses of each run: `phase/train/loss` beside `phase/valid/loss`, as the loop names them."""
    for entry in entries:
        series: dict[str, list[tuple[float, float]]] = {}
        for row in store.table(entry.run, "curves").to_pylist():
            series.setdefault(row["name"], []).append((row["step"], row["value"]))
        for name, points in series.items():
            phase, mark, loss = name.rpartition("train/")
            if mark and loss not in COUNTED:
                yield Curve(
                    run=f"{entry.label(entry.heads[0])}: {phase.strip('/') or 'training'}, {loss.replace('_', ' ')}",
                    train=tuple(points),
                    valid=tuple(series.get(f"{phase}valid/{loss}", ())),
                    unit="step",
                    value_name="share" if loss.startswith("share") else "loss",
                )


def stages(
    store: Store,
    dataset: ArtifactRef,
    enriched: ArtifactRef,
    split: ArtifactRef,
    entries: Sequence[Entry],
) -> Iterable[Stage]:
    """Seconds of each stage's builds, and whether they were there before this flow run."""
    enrichment = store.require(enriched)
    by_kind: dict[str, list[Record]] = {"ingest": dataset_parts(store, dataset)}
    for ref in enrichment.inputs:
        if ref.group:
            by_kind.setdefault(ref.kind, []).append(store.require(ref))
    by_kind["split"] = [store.require(split)]
    if taught := taught_to(store, [entry.run for entry in entries]):
        by_kind["teach"] = taught
    for entry in entries:
        by_kind[f"train {entry.label(entry.heads[0])}"] = [entry.run]
    by_kind["predict"] = [store.require(entry.predictions) for entry in entries]
    by_kind["evaluate"] = [entry.record for entry in entries]
    current = flow_run_id()
    for name, records in by_kind.items():
        yield Stage(
            name=name,
            seconds=sum(record.facts.get("asked_seconds", record.seconds) for record in records),
            reused=all(record.provenance.get("flow_run") != current for record in records),
            detail=f"{len(records)} parts" if len(records) > 1 else "",
        )


def facts_of(store: Store, split: ArtifactRef, enriched: ArtifactRef, runs: Sequence[Record]) -> Iterable[Fact]:
    record, enrichment = store.require(split), store.require(enriched)
    yield Fact("data set", str(record.facts["dataset"]))
    yield Fact("split", f"{record.facts.get('kind', '')} ({split})")
    for kind, sources in enrichment.facts["sources"].items():
        yield Fact(kind, ", ".join(source["name"] for source in sources) or "none")
    for taught in taught_to(store, runs):
        counts = ", ".join(f"{taught.facts[status]:,} {status}" for status in STATUSES if status in taught.facts)
        yield Fact("teacher", f"{taught.facts['model']}: {counts}")
    zeroed = {
        run.facts["system"]: run.facts["posts_without_image"] for run in runs if "posts_without_image" in run.facts
    }
    if zeroed:
        yield Fact("training posts with a zero image", ", ".join(f"{k}: {v}" for k, v in zeroed.items()))
    if commit := record.provenance.get("commit"):
        yield Fact("code", commit[:12])


def stand_ins(store: Store, enriched: ArtifactRef, entries: Sequence[Entry]) -> Iterable[str]:
    """What must be said of parts that stand in for what cannot be shipped."""
    models = [taught.facts["model"] for taught in taught_to(store, [entry.run for entry in entries])]
    models += [source["name"] for source in store.require(enriched).facts["sources"].get("entities", [])]
    if "scripted" in models:
        yield SCRIPTED
    if any(entry.note == "tiny" for entry in entries):
        yield TINY
