"""The catalog: DuckDB views over records and Parquet, one per table, with stable names and columns.

A function of the store and nothing else. `mmkp.duckdb`, which people open in their own shell, is a
by-product: it holds views with absolute paths and small tables, is replaced whole, and may be deleted at
any time.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from mmkp_core.identity import ArtifactRef
from storage.names import NameVersion
from storage.records import Record
from storage.store import Store

FILE = "mmkp.duckdb"


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of some Parquet files, with columns that are the same for all of them."""

    files: tuple[str, ...]
    constants: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """A view's columns, in order, with their DuckDB type and what they mean; and where its rows are."""

    about: str
    columns: Mapping[str, tuple[str, str]]
    slices: "Callable[[Contents], Iterable[Slice]] | None" = None
    rows: "Callable[[Contents], Iterable[Mapping[str, Any]]] | None" = None
    where: str = ""
    """Rows that the view shows, where its files hold others too."""


class Contents:
    """One look at the store: its records by kind, and what its names mean now."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.records: dict[str, list[Record]] = {}
        for record in store.records():
            if all(store.objects.size(record.path(file.name)) == file.size for file in record.files):
                self.records.setdefault(record.ref.kind, []).append(record)
        self.by_ref = {record.ref: record for records in self.records.values() for record in records}
        self.names: list[NameVersion] = store.names.current()
        self._called: dict[tuple[str, ArtifactRef], str] = {}
        for version in self.names:
            kind, _, short = version.name.partition("/")
            self._called[kind, version.target] = short
            if kind in ("dataset", "split"):  # what was made of an earlier version still joins by the name
                for earlier in store.names.history(version.name):
                    self._called.setdefault((kind, earlier.target), short)

    def named(self, kind: str) -> Iterator[tuple[str, Record]]:
        """What the names of `kind` point at now."""
        for version in self.names:
            name_kind, _, short = version.name.partition("/")
            if name_kind == kind and version.target in self.by_ref:
                yield short, self.by_ref[version.target]

    def call(self, kind: str, address: str | None) -> str | None:
        """The name of an artifact where it bears one (or bore, for a data set or split), else its address."""
        return self._called.get((kind, ArtifactRef.parse(address)), address) if address else None

    def parts(self, dataset: Record) -> list[Record]:
        return [self.by_ref[ref] for ref in dataset.inputs if ref in self.by_ref]

    def files(self, records: Iterable[Record], table: str) -> tuple[str, ...]:
        name = f"{table}.parquet"
        return tuple(self.store.objects.address(r.path(name)) for r in records if (f := r.file(name)) and f.rows)


def _of_datasets(table: str) -> Callable[[Contents], Iterator[Slice]]:
    def slices(contents: Contents) -> Iterator[Slice]:
        for name, dataset in contents.named("dataset"):
            yield Slice(contents.files(contents.parts(dataset), table), {"dataset": name})

    return slices


def _of_engines(kind: str) -> Callable[[Contents], Iterator[Slice]]:
    """Parts of a row store by engine, and what sources gave beside their posts."""

    def slices(contents: Contents) -> Iterator[Slice]:
        groups: dict[str, list[Record]] = {}
        for record in contents.records.get(kind, []):
            groups.setdefault(record.ref.group, []).append(record)
        for group, records in groups.items():
            yield Slice(contents.files(records, kind), {"engine_fingerprint": group})
        for record in contents.records.get("posts", []):
            given = {"engine_fingerprint": record.ref.fingerprint, "status": "given"}
            yield Slice(contents.files([record], kind), given)

    return slices


def _of_splits(table: str) -> Callable[[Contents], Iterator[Slice]]:
    def slices(contents: Contents) -> Iterator[Slice]:
        for name, split in contents.named("split"):
            dataset = contents.call("dataset", split.facts.get("dataset"))
            yield Slice(contents.files([split], table), {"split": name, "dataset": dataset})

    return slices


def _of_runs(kind: str, table: str) -> Callable[[Contents], Iterator[Slice]]:
    def slices(contents: Contents) -> Iterator[Slice]:
        for record in contents.records.get(kind, []):
            facts = record.facts
            run = record.ref.address if kind == "run" else facts.get("run")
            yield Slice(
                contents.files([record], table),
                {
                    "run": contents.call("run", run),
                    "run_artifact": run,
                    "system": facts.get("system"),
                    "dataset": contents.call("dataset", facts.get("dataset")),
                    "split": contents.call("split", facts.get("split")),
                },
            )

    return slices


def _everywhere(table: str) -> Callable[[Contents], Iterator[Slice]]:
    def slices(contents: Contents) -> Iterator[Slice]:
        for records in contents.records.values():
            yield Slice(contents.files(records, table))

    return slices


def _artifacts(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for record in contents.by_ref.values():
        yield {
            "artifact": record.ref.address,
            "kind": record.ref.kind,
            "engine_fingerprint": record.ref.group or None,
            "fingerprint": record.ref.fingerprint,
            "version": record.version,
            "files": len(record.files),
            "bytes": sum(file.size for file in record.files),
            "rows": sum(file.rows or 0 for file in record.files),
            "made_at": record.made_at,
            "seconds": record.seconds,
            "flow_run": record.provenance.get("flow_run"),
            "commit": record.provenance.get("commit"),
            "spec": json.dumps(record.spec, ensure_ascii=False),
            "facts": json.dumps(record.facts, ensure_ascii=False),
        }


def _inputs(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for record in contents.by_ref.values():
        for ref in record.inputs:
            yield {"artifact": record.ref.address, "input": ref.address}


def _names(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for newest in contents.names:
        for version in contents.store.names.history(newest.name):
            kind, _, short = version.name.partition("/")
            yield {
                "kind": kind,
                "name": short,
                "number": version.number,
                "current": version.number == newest.number,
                "artifact": version.target.address,
                "reason": version.reason,
                "at": version.at,
                "flow_run": version.provenance.get("flow_run"),
            }


def _runs(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for record in contents.records.get("run", []):
        facts = record.facts
        yield {
            "run": contents.call("run", record.ref.address),
            "run_artifact": record.ref.address,
            "system": facts.get("system"),
            "family": facts.get("family"),
            "dataset": contents.call("dataset", facts.get("dataset")),
            "split": contents.call("split", facts.get("split")),
            "seed": facts.get("seed"),
            "parameters": facts.get("parameters"),
            "train_posts": facts.get("train_posts"),
            "epochs": facts.get("epochs"),
            "seconds": record.seconds,
            "made_at": record.made_at,
            "flow_run": record.provenance.get("flow_run"),
            "spec": json.dumps(record.spec, ensure_ascii=False),
            "facts": json.dumps(facts, ensure_ascii=False),
        }


def _decisions(contents: Contents) -> Iterator[Mapping[str, Any]]:
    for record in contents.records.get("decision", []):
        facts = record.facts
        yield {
            "champion_name": facts.get("name"),
            "verdict": facts.get("verdict"),
            "champion": contents.call("run", facts.get("champion")),
            "challenger": contents.call("run", facts.get("challenger")),
            "metric": facts.get("metric"),
            "champion_score": facts.get("champion_score"),
            "challenger_score": facts.get("challenger_score"),
            "difference": facts.get("difference"),
            "low": facts.get("low"),
            "high": facts.get("high"),
            "p_value": facts.get("p_value"),
            "posts": facts.get("posts"),
            "left_out": facts.get("left_out"),
            "reasons": facts.get("reasons", []),
            "made_at": record.made_at,
            "flow_run": record.provenance.get("flow_run"),
            "artifact": record.ref.address,
        }


_TEXT, _INT, _FLOAT, _TEXTS = "VARCHAR", "BIGINT", "DOUBLE", "VARCHAR[]"
_POST = {"dataset": (_TEXT, "name of the data set"), "post_id": (_TEXT, "id of the post in its data set")}
_IMAGE_KEY = {"image_key": (_TEXT, "hash of the image's bytes, or of its reference where there are no bytes")}
_ENGINE = {
    "engine": (_TEXT, "name of the engine, or given:<hash> for a side file"),
    "engine_fingerprint": (_TEXT, "engine, models and settings that made the row"),
}
_RUN = {
    "run": (_TEXT, "name of the run, or its artifact where it has lost the name"),
    "run_artifact": (_TEXT, "the run's artifact"),
    "system": (_TEXT, "id of the system"),
    "dataset": (_TEXT, "data set of the posts"),
    "split": (_TEXT, "split of the posts, if they come from one"),
}
_ARTIFACT = {"artifact": (_TEXT, "the artifact that holds the row; join with artifacts for flow run and time")}

VIEWS: dict[str, View] = {
    "posts": View(
        "Posts of every data set that bears a name now.",
        {
            **_POST,
            "text": (_TEXT, "the post's own text"),
            "keyphrases": (_TEXTS, "its keyphrases, in the source's order"),
            "image": (_TEXT, "SHA-256 of the image's bytes"),
            **_IMAGE_KEY,
            "image_ref": (_TEXT, "name or URL that the source gave for the image"),
            "source": (_TEXT, "file the post came from"),
            "line": (_INT, "line in that file"),
            "split_hint": (_TEXT, "split the source puts it in"),
            "created_at": ("TIMESTAMPTZ", "when it was posted"),
            "lang": (_TEXT, "language the source states"),
            "extra": (_TEXT, "the source's other columns, as JSON"),
            **_ARTIFACT,
        },
        _of_datasets("posts"),
    ),
    "images": View(
        "Images of those posts.",
        {
            "dataset": _POST["dataset"],
            **_IMAGE_KEY,
            "image": (_TEXT, "SHA-256 of the bytes"),
            "image_ref": (_TEXT, "name or URL in the source"),
            "status": (_TEXT, "ok, or what is wrong: missing, unreadable, too_large"),
            "width": (_INT, "pixels"),
            "height": (_INT, "pixels"),
            "format": (_TEXT, "file format"),
            "bytes": (_INT, "size of the file"),
            **_ARTIFACT,
        },
        _of_datasets("images"),
    ),
    "ocr": View(
        "Words read from images.",
        {
            **_IMAGE_KEY,
            **_ENGINE,
            "status": (_TEXT, "ok, empty, or what went wrong"),
            "words": (_TEXT, "cleaned words, blank-separated"),
            **_ARTIFACT,
        },
        _of_engines("ocr"),
    ),
    "entities": View(
        "Things seen in images.",
        {
            **_IMAGE_KEY,
            **_ENGINE,
            "name": (_TEXT, "the entity"),
            "rank": (_INT, "0 is the surest"),
            "score": (_FLOAT, "the engine's confidence"),
            **_ARTIFACT,
        },
        _of_engines("entities"),
        where="name <> ''",
    ),
    "attributes": View(
        "Attribute words of images.",
        {**_IMAGE_KEY, **_ENGINE, "attributes": (_TEXTS, "words, best first"), **_ARTIFACT},
        _of_engines("attributes"),
    ),
    "matches": View(
        "How well image and text of a post belong together.",
        {
            **_IMAGE_KEY,
            "post_id": (_TEXT, "the post whose text was matched"),
            **_ENGINE,
            "score": (_FLOAT, "probability of a match"),
            "matched": ("BOOLEAN", "whether the engine calls it a match"),
            **_ARTIFACT,
        },
        _of_engines("matches"),
    ),
    "splits": View(
        "Which part of a split each post is in.",
        {
            "split": (_TEXT, "name of the split"),
            **_POST,
            "part": (_TEXT, "train, valid, test or dropped"),
            "reason": (_TEXT, "why it was moved or dropped"),
            "cluster": (_INT, "posts that are kept together share a cluster"),
            **_ARTIFACT,
        },
        _of_splits("splits"),
    ),
    "overlaps": View(
        "Pairs of posts that are too alike, found while splitting.",
        {
            "split": (_TEXT, "name of the split"),
            "dataset": _POST["dataset"],
            "left_id": (_TEXT, "post of the one side"),
            "right_id": (_TEXT, "post of the other side"),
            "left_part": (_TEXT, "part the left post is in"),
            "right_part": (_TEXT, "part the right post is in"),
            "measure": (_TEXT, "identical_text, near_text, identical_image, near_image, ..."),
            "unit": (_TEXT, "what was compared"),
            "score": (_FLOAT, "similarity or distance"),
            **_ARTIFACT,
        },
        _of_splits("overlaps"),
    ),
    "rationales": View(
        "What the teacher answered, accepted and rejected.",
        {
            "post_id": (_TEXT, "the post asked about"),
            **_IMAGE_KEY,
            "request_hash": (_TEXT, "hash of all that was sent"),
            "engine_fingerprint": _ENGINE["engine_fingerprint"],
            "model": (_TEXT, "the teacher's model"),
            "mode": (_TEXT, "rationalise or solve"),
            "status": (_TEXT, "accepted, rejected or failed"),
            "reason": (_TEXT, "why it was not accepted"),
            "detail": (_TEXT, "what exactly"),
            "rationale": (_TEXT, "the reasoning"),
            "phrases": (_TEXTS, "the phrases it leads to"),
            "prompt": (_TEXT, "the messages as sent, as JSON without image bytes"),
            "raw_reply": (_TEXT, "the last reply as received"),
            "finish_reason": (_TEXT, "why it ended"),
            "turns": (_INT, "replies paid for: 2 where one was repaired"),
            "prompt_tokens": (_INT, "tokens paid for the requests"),
            "completion_tokens": (_INT, "tokens paid for the replies"),
            "cost": (_FLOAT, "in the currency of the prices given"),
            "attempts": (_INT, "requests sent for it"),
            **_ARTIFACT,
        },
        _of_engines("rationales"),
    ),
    "runs": View(
        "Trained models.",
        {
            **_RUN,
            "family": (_TEXT, "reference, classic or vlm"),
            "seed": (_INT, "seed of the training"),
            "parameters": (_INT, "trained numbers"),
            "train_posts": (_INT, "posts trained on"),
            "epochs": (_INT, "passes made"),
            "seconds": (_FLOAT, "wall time of the build"),
            "made_at": ("TIMESTAMPTZ", "when it was published"),
            "flow_run": (_TEXT, "Prefect flow run"),
            "spec": (_TEXT, "all settings, as JSON"),
            "facts": (_TEXT, "counts and findings, as JSON"),
        },
        rows=_runs,
    ),
    "curves": View(
        "Figures of training, step by step.",
        {
            **_RUN,
            "epoch": (_INT, "pass over the training posts"),
            "step": (_INT, "update"),
            "name": (_TEXT, "train_loss, valid_loss, learning_rate, ..."),
            "value": (_FLOAT, "the figure"),
            **_ARTIFACT,
        },
        _of_runs("run", "curves"),
    ),
    "predictions": View(
        "What a run says of each post.",
        {
            **_RUN,
            "post_id": _POST["post_id"],
            "head": (_TEXT, "which of the system's answers"),
            "phrases": (_TEXTS, "best first"),
            "scores": ("DOUBLE[]", "the system's own scores"),
            "answer": (_TEXT, "the answer as written, for systems that write one"),
            "reasoning": (_TEXT, "the reasoning before it, where there was one"),
            "tokens": (_INT, "tokens written"),
            "steps": (_INT, "sentences of reasoning"),
            "seconds": (_FLOAT, "the batch's time divided by its posts"),
            **_ARTIFACT,
        },
        _of_runs("predictions", "predictions"),
    ),
    "hits": View(
        "One row per post and predicted phrase, right or not.",
        {
            **_RUN,
            "post_id": _POST["post_id"],
            "head": (_TEXT, "which of the system's answers"),
            "protocol": (_TEXT, "by whose rules"),
            "rank": (_INT, "1 is the best"),
            "phrase": (_TEXT, "the phrase as predicted"),
            "correct": ("BOOLEAN", "equal to a gold phrase in normal form"),
            "present": ("BOOLEAN", "occurs in the post's text"),
            "seen": ("BOOLEAN", "is a label of a training post"),
            **_ARTIFACT,
        },
        _of_runs("scores", "hits"),
    ),
    "scores": View(
        "Scores by protocol, slice and metric, with intervals.",
        {
            **_RUN,
            "head": (_TEXT, "which of the system's answers"),
            "protocol": (_TEXT, "by whose rules"),
            "slice": (_TEXT, "all, present, absent, seen, unseen, ..."),
            "metric": (_TEXT, "f1@1, f1@3, map@5, ..."),
            "value": (_FLOAT, "fraction of 1"),
            "low": (_FLOAT, "lower end of the interval"),
            "high": (_FLOAT, "upper end of the interval"),
            "posts": (_INT, "posts that entered"),
            **_ARTIFACT,
        },
        _of_runs("scores", "scores"),
    ),
    "decisions": View(
        "Champion against challenger: what was decided and why.",
        {
            "champion_name": (_TEXT, "the name that was at stake"),
            "verdict": (_TEXT, "promoted, kept or first"),
            "champion": (_TEXT, "run that bore the name"),
            "challenger": (_TEXT, "run trained on data up to now"),
            "metric": (_TEXT, "what was compared"),
            "champion_score": (_FLOAT, "on posts neither has seen"),
            "challenger_score": (_FLOAT, "on the same posts"),
            "difference": (_FLOAT, "challenger less champion"),
            "low": (_FLOAT, "lower end of the difference's interval"),
            "high": (_FLOAT, "upper end of it"),
            "p_value": (_FLOAT, "of the paired test"),
            "posts": (_INT, "posts compared on"),
            "left_out": (_INT, "posts left out as near-copies of either's training posts"),
            "reasons": (_TEXTS, "in words"),
            "made_at": ("TIMESTAMPTZ", "when it was decided"),
            "flow_run": (_TEXT, "Prefect flow run"),
            **_ARTIFACT,
        },
        rows=_decisions,
    ),
    "quarantine": View(
        "Rows that could not be used, with the reason.",
        {
            "stage": (_TEXT, "ingest, ocr, ..."),
            "source": (_TEXT, "file"),
            "line": (_INT, "line in the file"),
            "key": (_TEXT, "post id or image key, where known"),
            "reason": (_TEXT, "from a closed list"),
            "detail": (_TEXT, "what exactly"),
            "raw": (_TEXT, "the row's beginning"),
            "raw_sha256": (_TEXT, "hash of the whole row"),
            **_ARTIFACT,
        },
        _everywhere("quarantine"),
    ),
    "artifacts": View(
        "Everything in the store, named or not.",
        {
            **_ARTIFACT,
            "kind": (_TEXT, "what it is"),
            "engine_fingerprint": (_TEXT, "for a part of a row store: the engine's"),
            "fingerprint": (_TEXT, "hash of spec, inputs and code version"),
            "version": (_INT, "of the code that made it"),
            "files": (_INT, "how many"),
            "bytes": (_INT, "how large"),
            "rows": (_INT, "rows of its tables"),
            "made_at": ("TIMESTAMPTZ", "when it was published"),
            "seconds": (_FLOAT, "wall time of the build"),
            "flow_run": (_TEXT, "Prefect flow run"),
            "commit": (_TEXT, "commit of the code"),
            "spec": (_TEXT, "settings, as JSON"),
            "facts": (_TEXT, "counts and findings, as JSON"),
        },
        rows=_artifacts,
    ),
    "inputs": View(
        "Which artifact was made from which.",
        {"artifact": (_TEXT, "the result"), "input": (_TEXT, "what it was made from")},
        rows=_inputs,
    ),
    "names": View(
        "Names with their history.",
        {
            "kind": (_TEXT, "dataset, split, run, champion, report"),
            "name": (_TEXT, "as people say it"),
            "number": (_INT, "1 is the first"),
            "current": ("BOOLEAN", "whether this is what the name means now"),
            "artifact": (_TEXT, "what it points at"),
            "reason": (_TEXT, "why it was pointed there"),
            "at": ("TIMESTAMPTZ", "when"),
            "flow_run": (_TEXT, "Prefect flow run"),
        },
        rows=_names,
    ),
}


def connect(store: Store) -> duckdb.DuckDBPyConnection:
    """A fresh in-memory catalog of the store as it is now."""
    connection = duckdb.connect()
    if not store.objects.is_local:
        connection.register_filesystem(store.objects.fs)
    _define(connection, Contents(store), "memory")
    return connection


def write(store: Store) -> None:
    """Replace `mmkp.duckdb` by the catalog of now. Open readers keep the one they have."""
    if not store.objects.is_local:
        return
    with store.lock("catalog", told=False):
        target = Path(store.objects.base) / FILE
        staged = store.objects.scratch("staging") / f"{uuid.uuid4().hex}.duckdb"
        try:
            with duckdb.connect() as connection:
                # DuckDB 2 writes files that 1.x shells refuse unless told the version
                connection.execute(f"ATTACH {_text(str(staged))} AS catalog (STORAGE_VERSION 'v1.0.0')")
                connection.execute("USE catalog")
                _define(connection, Contents(store), "catalog")
                connection.execute("USE memory")
                connection.execute("DETACH catalog")
            os.replace(staged, target)
        finally:
            staged.unlink(missing_ok=True)


def _define(connection: duckdb.DuckDBPyConnection, contents: Contents, database: str) -> None:
    connection.execute("BEGIN")
    for name, view in VIEWS.items():
        if view.rows:
            columns = ", ".join(f'"{column}" {kind}' for column, (kind, _) in view.columns.items())
            connection.execute(f'CREATE TABLE "{name}" ({columns})')
            rows = [tuple(row.get(column) for column in view.columns) for row in view.rows(contents)]
            if rows:
                marks = ", ".join("?" for _ in view.columns)
                connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
            connection.execute(f'COMMENT ON TABLE "{name}" IS {_text(view.about)}')
        else:
            connection.execute(f'CREATE VIEW "{name}" AS {_select(view, contents)}')
            connection.execute(f'COMMENT ON VIEW "{name}" IS {_text(view.about)}')
        for column, (_, about) in view.columns.items():
            if view.rows:
                connection.execute(f'COMMENT ON COLUMN "{name}"."{column}" IS {_text(about)}')
    connection.execute("COMMIT")


def _select(view: View, contents: Contents) -> str:
    assert view.slices
    selects = []
    for part in view.slices(contents):
        if not part.files:
            continue
        columns = ", ".join(
            f'{_text(part.constants[column])}::{kind} AS "{column}"'
            if column in part.constants
            else f'"{column}"::{kind} AS "{column}"'
            for column, (kind, _) in view.columns.items()
        )
        files = ", ".join(_text(file) for file in part.files)
        where = f" WHERE {view.where}" if view.where else ""
        selects.append(f"SELECT {columns} FROM read_parquet([{files}]){where}")
    if selects:
        return " UNION ALL ".join(selects)
    nothing = ", ".join(f'NULL::{kind} AS "{column}"' for column, (kind, _) in view.columns.items())
    return f"SELECT {nothing} WHERE false"


def _text(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"
