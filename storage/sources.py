"""Where the rows of each of the catalog's views come from: files of artifacts, or records and names themselves."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from mmkp_core.identity import ArtifactRef
from storage.contents import Contents
from storage.facts import DecisionFacts, PredictionsFacts, RunFacts, ScoresFacts, SplitFacts, facts_as_text
from storage.records import Record

Value = str | bool | None


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one table, with what is the same for all of their rows."""

    paths: tuple[str, ...]
    constants: Mapping[str, Value] = field(default_factory=dict)


def _of_datasets(table: str) -> Callable[[Contents], Iterator[Files]]:
    def files(contents: Contents) -> Iterator[Files]:
        for name, dataset in contents.named("dataset"):
            yield Files(contents.files(contents.parts(dataset, "posts"), table), {"dataset": name})

    return files


def _of_engines(kind: str, table: str) -> Callable[[Contents], Iterator[Files]]:
    """Parts of a row store by engine, and what sources gave with their posts."""

    def files(contents: Contents) -> Iterator[Files]:
        groups: dict[str, list[Record]] = {}
        for record in contents.of_kind(kind):
            groups.setdefault(record.ref.group, []).append(record)
        for group, records in groups.items():
            yield Files(contents.files(records, table), {"engine_fingerprint": group})
        for record in contents.of_kind("posts"):
            given: dict[str, Value] = {"engine_fingerprint": record.ref.fingerprint, "status": "given"}
            yield Files(contents.files([record], table), given)

    return files


def _of_splits(table: str) -> Callable[[Contents], Iterator[Files]]:
    def files(contents: Contents) -> Iterator[Files]:
        for name, split in contents.named("split"):
            dataset = contents.name_of("dataset", split.states(SplitFacts).dataset)
            yield Files(contents.files([split], table), {"split": name, "dataset": dataset})

    return files


def _curves(contents: Contents) -> Iterator[Files]:
    for record in contents.of_kind("run"):
        facts = record.states(RunFacts)
        yield Files(contents.files([record], "curves"), _of_run(contents, record.ref.address, facts))


def _predictions(contents: Contents) -> Iterator[Files]:
    for record in contents.of_kind("predictions"):
        facts = record.states(PredictionsFacts)
        yield Files(contents.files(contents.parts(record, "answers"), "predictions"), _about_run(contents, facts))


def _of_scores(table: str) -> Callable[[Contents], Iterator[Files]]:
    def files(contents: Contents) -> Iterator[Files]:
        for record in contents.of_kind("scores"):
            yield Files(contents.files([record], table), _about_run(contents, record.states(ScoresFacts)))

    return files


def _everywhere(table: str) -> Callable[[Contents], Iterator[Files]]:
    def files(contents: Contents) -> Iterator[Files]:
        yield Files(contents.files(contents.whole.values(), table))

    return files


def _of_run(contents: Contents, run: str, facts: RunFacts | PredictionsFacts | ScoresFacts) -> dict[str, Value]:
    return {
        "run": contents.name_of("run", run),
        "run_artifact": run,
        "system": facts.system,
        "dataset": contents.name_of("dataset", facts.dataset),
        "split": contents.name_of("split", facts.split),
    }


def _about_run(contents: Contents, facts: PredictionsFacts | ScoresFacts) -> dict[str, Value]:
    """What is said of a run's predictions; their posts may come from another split than it was trained on."""
    run = contents.whole.get(ArtifactRef.parse(facts.run))
    trained_on = run.states(RunFacts).split if run else None
    return {
        **_of_run(contents, facts.run, facts),
        "current": contents.is_current(facts.run, trained_on, facts.split or facts.dataset),
        "inputs": facts.inputs,
    }


def _runs(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for record in contents.of_kind("run"):
        facts = record.states(RunFacts)
        yield {
            **_of_run(contents, record.ref.address, facts),
            "current": contents.is_current(record.ref.address, facts.split),
            "family": facts.family,
            "seed": facts.seed,
            "parameters": facts.parameters,
            "train_posts": facts.train_posts,
            "epochs": facts.epochs,
            **_made(record),
        }


def _decisions(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for record in contents.of_kind("decision"):
        facts = record.states(DecisionFacts)
        stated = {name: getattr(facts, name) for name in DecisionFacts.__slots__ if name != "name"}
        yield {
            **stated,
            "champion_name": facts.name,
            "champion": contents.name_of("run", facts.champion),
            "challenger": contents.name_of("run", facts.challenger),
            "artifact": record.ref.address,
            **_made(record),
        }


def _artifacts(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for record in contents.records:
        yield {
            "artifact": record.ref.address,
            "kind": record.ref.kind,
            "engine_fingerprint": record.ref.group or None,
            "fingerprint": record.ref.fingerprint,
            "version": record.version,
            "files": len(record.files),
            "bytes": sum(file.size for file in record.files),
            "rows": sum(file.rows or 0 for file in record.files),
            "damaged": contents.damaged.get(record.ref),
            "commit": record.provenance.get("commit"),
            **_made(record),
        }


def _made(record: Record) -> dict[str, Any]:
    return {
        "made_at": record.made_at,
        "seconds": record.seconds,
        "flow_run": record.provenance.get("flow_run"),
        "spec": orjson.dumps(record.spec).decode(),
        "facts": facts_as_text(record.facts),
    }


def _inputs(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for record in contents.records:
        for ref in record.inputs:
            yield {"artifact": record.ref.address, "input": ref.address}


def _names(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for name, versions in contents.histories.items():
        kind, _, short = name.partition("/")
        for version in versions:
            yield {
                "kind": kind,
                "name": short,
                "number": version.number,
                "current": version is versions[-1],
                "artifact": version.target.address,
                "reason": version.reason,
                "at": version.at,
                "flow_run": version.provenance.get("flow_run"),
            }


def _left_out(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for path, reason in contents.left_out.items():
        yield {"path": path, "reason": reason}


FILES: Mapping[str, Callable[[Contents], Iterator[Files]]] = {
    "posts": _of_datasets("posts"),
    "images": _of_datasets("images"),
    "ocr": _of_engines("ocr", "ocr"),
    "entities": _of_engines("entities", "entities"),
    "attributes": _of_engines("attributes", "attributes"),
    "matches": _of_engines("matches", "matches"),
    "splits": _of_splits("splits"),
    "overlap_pairs": _of_splits("overlap_pairs"),
    "rationales": _of_engines("replies", "rationales"),
    "curves": _curves,
    "predictions": _predictions,
    "hits": _of_scores("hits"),
    "post_scores": _of_scores("post_scores"),
    "scores": _of_scores("scores"),
    "quarantine": _everywhere("quarantine"),
}
"""Views that read files."""

ROWS: Mapping[str, Callable[[Contents], Iterator[Mapping[str, Any]]]] = {
    "runs": _runs,
    "decisions": _decisions,
    "artifacts": _artifacts,
    "inputs": _inputs,
    "names": _names,
    "left_out": _left_out,
}
"""Views whose few rows are kept in the catalog itself."""
