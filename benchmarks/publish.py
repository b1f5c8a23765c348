"""Row 16: what does publishing cost in a store that holds much, against one that holds little?

Two stores of generated artifacts (parts of OCR, runs with their answers, predictions and scores, in a fixed mix), one
of 100 and one of `artifacts`. Publishing and refreshing the catalog alternate between them in one process; the least
of the repeats counts. A repeat publishes so many artifacts that the index is gathered once on the way. The publisher
does not wait for the catalog's file, so its refresh is a row of its own. On object storage, requests are counted.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmkp_core.identity import ArtifactRef, fingerprint
from mmkp_core.spec import dump
from mmkp_core.tables.evaluation import HITS, POST_SCORES, SCORES
from mmkp_core.tables.runs import CURVES, PREDICTIONS
from mmkp_core.tables.store import ARTIFACT
from mmkp_core.tables.table import Table
from mmkp_core.tables.vision import OCR
from storage import catalog
from storage.draft import Draft
from storage.facts import PartFacts, PredictionsFacts, RunFacts, ScoresFacts
from storage.index import MANY
from storage.records import Record, StoredFile
from storage.store import Store

FEW = 100
REQUESTS = ("cat", "cat_file", "exists", "find", "get_file", "glob", "info", "isfile", "ls", "open", "pipe_file",
            "put_file", "rm", "size")  # fmt: skip
A_MIX = 20
"""Artifacts of one run: itself, its predictions and scores, three parts of answers; the rest are parts of OCR."""


def run(artifacts: int = 10_000, repeats: int = 3) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        sizes = {"ours": artifacts, "reference": FEW}
        local = {name: filled(Store(f"{folder}/{name}"), size) for name, size in sizes.items()}
        rows = [
            *timed("publish: local", artifacts, local, repeats, publish_many, MANY, "<= 1.5 x"),
            *timed("publish: refresh of the file", artifacts, local, repeats, catalog.refresh, 1, "<= 1 s"),
            *timed("publish: catalog of a query", artifacts, local, repeats, opened, 1, "-"),
        ]
        remote = {name: filled(Store(f"memory://{folder}/{name}"), size) for name, size in sizes.items()}
        counted: dict[str, tuple[Callable[[Store], Any], str]] = {
            "publish: requests of one": (partial(publish, number=0), "constant"),
            f"publish: requests of {MANY}": (publish_many, "constant"),
            "publish: requests of a catalog": (opened, "constant"),
        }
        for name, (work, target) in counted.items():
            requests = {which: count_requests(store, work) for which, store in remote.items()}
            ratio = requests["ours"] / requests["reference"] if requests["reference"] else None
            rows.append(row(name, artifacts, requests, ratio, target, ""))
    return rows


def publish(store: Store, number: int) -> None:
    def build(draft: Draft) -> None:
        draft.facts = PartFacts(rows={"ok": 1})
        draft.write_table(OCR, [ocr_row(number)])

    store.build("ocr", {"now": time.time_ns(), "number": number}, [], 1, build, group="measured")


def publish_many(store: Store) -> None:
    for number in range(MANY):
        publish(store, number)


def opened(store: Store) -> None:
    """As a command does that has just started."""
    catalog.connect(Store(store.url)).close()


def filled(store: Store, artifacts: int) -> Store:
    """A store whose artifacts are written as they stand after publishing, without its waits for the disk."""
    files = {table.name: table_bytes(table) for table in (OCR, CURVES, PREDICTIONS, SCORES, HITS, POST_SCORES)}
    for number in range(artifacts):
        record, tables = made(number)
        record = with_files(record, {name: files[name] for name in tables})
        for name in tables:
            put(store, record.path(f"{name}.parquet"), files[name])
        put(store, record.document, record.to_json())
    store.index.rebuild()
    return store


def made(number: int) -> tuple[Record, tuple[str, ...]]:
    """The `number`-th artifact of the mix, and the tables it has."""
    mix, place = divmod(number, A_MIX)
    run, split, dataset = f"run/{mix:020x}", "split/made", "dataset/made"
    of = {"run": run, "system": "copy", "dataset": dataset, "split": split, "part": "test", "inputs": "both"}
    asked = {**of, "heads": ("phrases",), "posts": 1000}
    answers = [ArtifactRef("answers", f"{part:020x}", f"{mix:020x}") for part in range(3)]
    predictions = ArtifactRef("predictions", f"{mix:020x}")
    match place:
        case 0:
            facts = RunFacts(
                system="copy", family="classic", heads=("phrases",), seed=mix, split=split, dataset=dataset,
                train_posts=1000, valid_posts=100, epochs=10, parameters=10**6, device="cpu",
            )  # fmt: skip
            return record_of(ArtifactRef("run", f"{mix:020x}"), facts, []), ("curves",)
        case 1 | 2 | 3:
            return record_of(answers[place - 1], PartFacts(), [ArtifactRef.parse(run)]), ("predictions",)
        case 4:
            made_of = [ArtifactRef.parse(run), *answers]
            return record_of(predictions, PredictionsFacts(**asked, without_image=0), made_of), ()
        case 5:
            scored = ScoresFacts(**asked, predictions=predictions.address, confidence=0.95)
            tables = ("scores", "hits", "post_scores")
            return record_of(ArtifactRef("scores", f"{mix:020x}"), scored, [predictions]), tables
    return record_of(ArtifactRef("ocr", f"{number:020x}", "made"), PartFacts(rows={"ok": 150}), []), ("ocr",)


def record_of(ref: ArtifactRef, facts: Any, inputs: list[ArtifactRef]) -> Record:
    spec = dump({"engine": {"name": "made", "settings": {f"setting {n}": n for n in range(20)}}, "of": ref})
    return Record(
        ref=ref, spec=spec, version=1, inputs=tuple(inputs), folder=fingerprint(ref)[:12], files=(), facts=facts,
        made_at=datetime(2026, 1, 1, tzinfo=UTC), seconds=1.0, provenance={"flow_run": "made", "commit": "0" * 40},
    )  # fmt: skip


def with_files(record: Record, files: dict[str, bytes]) -> Record:
    stored = tuple(StoredFile(f"{name}.parquet", "0" * 64, len(data), 1) for name, data in files.items())
    return replace(record, files=stored)


def table_bytes(table: Table) -> bytes:
    values = {"VARCHAR": "x", "BIGINT": 1, "DOUBLE": 0.5, "BOOLEAN": True}
    rows = [{c.name: values.get(c.sql, []) for c in table.columns} | {"artifact": "made"}]
    sink = pa.BufferOutputStream()
    schema = table.schema.append(pa.field(ARTIFACT.name, ARTIFACT.type))
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def ocr_row(number: int) -> dict[str, Any]:
    return {"image_key": f"{number:064x}", "status": "ok", "words": "x", "lines": [], "engine": "made", "detail": ""}


def put(store: Store, path: str, data: bytes) -> None:
    if not store.objects.is_local:
        store.objects.put(path, data)
        return
    target = Path(store.objects.full(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def timed(
    name: str,
    size: int,
    stores: dict[str, Store],
    repeats: int,
    work: Callable[[Store], Any],
    units: int,
    target: str,
) -> list[dict[str, Any]]:
    """CPU seconds and wall seconds, each as the least of the repeats, ours and the reference in turn."""
    for store in stores.values():
        work(store)
    spent: dict[str, list[tuple[float, float]]] = {which: [] for which in stores}
    for _ in range(repeats):
        for which, store in stores.items():
            begun = time.process_time(), time.perf_counter()
            work(store)
            spent[which].append((time.process_time() - begun[0], time.perf_counter() - begun[1]))
    rows = []
    for at, kind in enumerate(("CPU", "wall")):
        least = {which: 1000 * min(one[at] for one in times) / units for which, times in spent.items()}
        rows.append(row(f"{name}, {kind}", size, least, least["ours"] / least["reference"], target, "ms"))
    return rows


def count_requests(store: Store, work: Callable[[Store], Any]) -> int:
    """Calls of the file system that would each be a request on object storage; `cat` is one for each file."""
    fs, requests, inside = store.objects.fs, 0, False

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            nonlocal requests, inside
            if inside:
                return call(*given, **named)
            requests, inside = requests + (len(given[0]) if name == "cat" else 1), True
            try:
                return call(*given, **named)
            finally:
                inside = False

        return counted

    for name in REQUESTS:
        setattr(fs, name, counting(name, getattr(fs, name)))
    try:
        work(store)
    finally:
        for name in REQUESTS:
            delattr(fs, name)
    return requests


def row(name: str, size: int, figures: dict[str, Any], ratio: float | None, target: str, unit: str) -> dict[str, Any]:
    return {"name": name, "size": size, **figures, "ratio": ratio, "target": target, "unit": unit, "peak_mib": None}


if __name__ == "__main__":
    for line in run(int(os.environ.get("ARTIFACTS", "10000"))):
        print(line)
