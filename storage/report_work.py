"""What the stages before a page took, piece by piece."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mmkp_core.identity import ArtifactRef
from mmkp_core.report.entrants import entrants
from mmkp_core.report.material import ScoredRun, Work
from storage.enrichment import Enrichment
from storage.facts import PartFacts, RationalesFacts
from storage.records import Record
from storage.rows import parts_of
from storage.run import Scores
from storage.split import Split
from storage.store import Store


def work_on(
    store: Store,
    scores: Mapping[ArtifactRef, Sequence[Scores]],
    runs: Mapping[ArtifactRef, Sequence[ScoredRun]],
    shown: Mapping[ArtifactRef, Sequence[ArtifactRef]],
    flow_run: str,
) -> Iterator[Work]:
    """Every record that a page rests on, once, in the order of the pipeline's stages."""
    every = [one for of_split in scores.values() for one in of_split]
    splits = [Split(store, ref) for ref in scores]
    datasets = {split.facts.dataset: split.dataset for split in splits}
    trained = [one.run for one in every]
    enrichments = [
        *(ref for split in splits for ref in split.record.inputs if ref.kind == "enrichment"),
        *(ref for of_split in shown.values() for ref in of_split),
        *(ref for run in trained for ref in run.enrichments),
    ]
    stages: list[tuple[str, Iterable[Record]]] = [
        *(("ingest", dataset.parts) for dataset in datasets.values()),
        ("split", (split.record for split in splits)),
        *((kind, parts) for kind, parts in _read(store, enrichments)),
        ("teach", _taught(store, (ref for run in trained for ref in run.rationales))),
        *_training(scores, runs),
        ("predict", (one.predictions.record for one in every)),
        ("evaluate", (one.record for one in every)),
    ]
    seen: set[str] = set()
    for stage, records in stages:
        for record in records:
            if record.ref.address not in seen:
                seen.add(record.ref.address)
                yield Work(stage, _seconds(record), reused=record.provenance.get("flow_run", "") != flow_run)


def _read(store: Store, enrichments: Iterable[ArtifactRef]) -> Iterator[tuple[str, list[Record]]]:
    for enrichment in (Enrichment(store, ref) for ref in dict.fromkeys(enrichments)):
        table = enrichment.kind.partition("/")[0]
        for source in enrichment.facts.sources:
            if source.engine:
                yield enrichment.kind, parts_of(store, table, source.engine)


def _taught(store: Store, rationales: Iterable[ArtifactRef]) -> Iterator[Record]:
    for ref in dict.fromkeys(rationales):
        record = store.require(ref)
        yield record
        yield from parts_of(store, "replies", record.states(RationalesFacts).engine)


def _training(
    scores: Mapping[ArtifactRef, Sequence[Scores]], runs: Mapping[ArtifactRef, Sequence[ScoredRun]]
) -> Iterator[tuple[str, list[Record]]]:
    """The runs of each row of the page, under the name that the row bears."""
    for split, of_split in runs.items():
        records = {id(run): one.run.record for run, one in zip(of_split, scores[split], strict=True)}
        for row in entrants(of_split):
            yield f"train {row.label()}", [records[id(run)] for run in row.runs]


def _seconds(record: Record) -> float:
    """Of the work itself, where a part of a row store states it: its record only knows how long writing took."""
    return max(record.seconds, record.facts.seconds) if isinstance(record.facts, PartFacts) else record.seconds
