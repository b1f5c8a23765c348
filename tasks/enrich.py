"""What a data set's images hold: words, attributes, feature vectors and perceptual hashes, in shards.

Rows are kept per image and engine; a shard reads only the images that no earlier run has read. The `enriched`
artifact says which rows count for a data set, and has no rows of its own.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from mmkp_core.errors import Transient
from mmkp_core.identity import ArtifactRef
from mmkp_core.ocr.engine import engine_fingerprint, make_engine
from mmkp_core.ocr.pool import OcrPool
from mmkp_core.ocr.rows import OCR_ROWS, Reading, ocr_table
from mmkp_core.ocr.spec import OcrSpec
from mmkp_core.systems import Progress
from mmkp_core.visual.looking import Looking
from mmkp_core.visual.spec import AttributeSpec, FeatureSpec
from storage.rows import RowStore
from storage.store import Draft, Store
from tasks.examples import dataset_parts, image_keys
from tasks.progress import progress
from tasks.store import build_once, cached, open_store

logger = logging.getLogger(__name__)

VERSION = 1
SHARD = 150
"""Images a task: half a minute of OCR on a core."""
MOST_SHARDS = 200


@task(cache_policy=NO_CACHE)
def already_enriched(
    dataset: ArtifactRef, ocr: OcrSpec, attributes: AttributeSpec, features: FeatureSpec, rebuild: bool = False
) -> ArtifactRef | None:
    """The enrichment of a data set, if all its rows are there."""
    store = open_store()
    if rebuild:
        return None
    record = store.find(_address(store, dataset, ocr, attributes, features))
    if record is None or any(store.find(part) is None for part in record.inputs):
        return None
    return cached(record.ref, f"{record.ref}: every image was read before")


def shards(dataset: ArtifactRef) -> range:
    """The numbers of the shards that a data set's images are read in."""
    images = len(image_keys(open_store(), dataset))
    return range(min(MOST_SHARDS, -(-images // SHARD)))


@contextmanager
def readers(spec: OcrSpec) -> Iterator[OcrPool]:
    """OCR processes for all shards of a flow run; they start with the first image and end with the run."""
    work = open_store().objects.scratch("work") / f"ocr-{os.getpid()}"
    with OcrPool(make_engine(spec, work), spec, workers=os.cpu_count() or 1, work=work) as pool:
        yield pool


@task(
    cache_policy=NO_CACHE,
    task_run_name="read words {shard}/{count}",
    retries=2,
    retry_delay_seconds=exponential_backoff(backoff_factor=2),
    retry_jitter_factor=0.5,
)
def read_words(
    dataset: ArtifactRef, spec: OcrSpec, shard: int, count: int, pool: OcrPool, rebuild: bool = False
) -> int:
    """The words in one shard's images; how many images were read now."""
    store = open_store()
    rows = RowStore(store, "ocr", engine_fingerprint(spec), VERSION)
    images = _without(_shard(image_keys(store, dataset), shard, count), _given(store, dataset, "ocr"))
    with store.lock(f"ocr/{rows.group}/{shard}-of-{count}"):
        todo = sorted(images) if rebuild else rows.missing(images)
        if not todo:
            return cached(0, f"all {len(images)} images of the shard were read before")
        with progress(f"reading words, shard {shard}") as report:
            readings: list[Reading] = []
            for reading in pool.read((key, store.images.read(images[key])) for key in todo):
                readings.append(reading)
                report(Progress(len(readings), len(todo), "images"))
        kept = [reading for reading in readings if reading.is_kept]
        failed = [reading for reading in readings if not reading.is_kept]

        def build(draft: Draft) -> None:
            draft.write_table("ocr", ocr_table(kept), OCR_ROWS)
            draft.facts.update(Counter(reading.status for reading in kept))

        rows.add([reading.image_key for reading in kept], build, rebuild=rebuild)
    if failed:  # a failure that passes is retried by Prefect, and seen there; only these images are read again
        first = failed[0]
        raise Transient(f"{len(failed)} of {len(todo)} images failed; {first.image_key}: {first.detail}")
    return len(kept)


@task(cache_policy=NO_CACHE, task_run_name="look at images {shard}/{count}", retries=1)
def look_at(
    dataset: ArtifactRef,
    attributes: AttributeSpec,
    features: FeatureSpec,
    shard: int,
    count: int,
    rebuild: bool = False,
) -> int:
    """Attributes, feature vectors and hashes of one shard's images, each decoded once; how many were looked at."""
    store = open_store()
    looking = Looking(attributes, features)
    images = _shard(image_keys(store, dataset), shard, count)
    kinds = {kind: RowStore(store, kind, engine, VERSION) for kind, engine in looking.engines.items()}
    with store.lock(f"looks/{fingerprint_of(kinds)}/{shard}-of-{count}"):
        missing = {kind: set(images) if rebuild else set(rows.missing(images)) for kind, rows in kinds.items()}
        todo = sorted(set().union(*missing.values()))
        if not todo:
            return cached(0, f"all {len(images)} images of the shard were looked at before")
        with progress(f"looking at images, shard {shard}") as report:
            for done, key in enumerate(todo, start=1):
                looking.look(key, store.images.read(images[key]))
                report(Progress(done, len(todo), "images"))
        for kind, rows in kinds.items():
            keys = sorted(missing[kind])
            if keys:
                rows.add(keys, lambda draft, kind=kind, keys=keys: looking.write(kind, keys, draft.folder, draft.ref.address))
    return len(todo)


@task(cache_policy=NO_CACHE)
def select(
    dataset: ArtifactRef, ocr: OcrSpec, attributes: AttributeSpec, features: FeatureSpec
) -> ArtifactRef:
    """Which rows count for a data set: given ones before an engine's."""
    store = open_store()
    looking = Looking(attributes, features)
    parts: list[ArtifactRef] = []
    sources: dict[str, list[dict[str, Any]]] = {}
    engines: Mapping[str, tuple[Any, str]] = {
        "ocr": (engine_fingerprint(ocr), ocr.engine),
        **{kind: (engine, looking.names[kind]) for kind, engine in looking.engines.items()},
    }
    for kind in ("ocr", "attributes", "features", "hashes", "entities", "matches"):
        sources[kind] = []
        if given := [part.ref.address for part in dataset_parts(store, dataset) if part.file(f"{kind}.parquet")]:
            sources[kind].append({"name": "given with the posts", "artifacts": given})
        if kind in engines:
            engine, name = engines[kind]
            rows = RowStore(store, kind, engine, VERSION)
            if found := rows.parts():
                sources[kind].append({"name": name, "engine": rows.group})
                parts += [part.ref for part in found]
    spec = _spec(ocr, attributes, features)

    def build(draft: Draft) -> None:
        draft.facts.update(sources=sources, dataset=dataset.address, parts=len(parts))
        draft.rests_on += parts

    return build_once("enriched", spec, [dataset], build, version=VERSION, rebuild=True)


@task(cache_policy=NO_CACHE)
def show_words(enriched: ArtifactRef, key: str) -> None:
    """What became of the images, as a table in the UI."""
    store = open_store()
    counts: Counter[str] = Counter()
    for ref in store.require(enriched).inputs:
        if ref.kind == "ocr":
            counts.update(store.table(store.require(ref), "ocr", ["status"])["status"].to_pylist())
    table = [{"images": count, "are": status} for status, count in counts.most_common()]
    create_table_artifact(table=table, key=key, description="Images by what OCR found in them")


def _spec(ocr: OcrSpec, attributes: AttributeSpec, features: FeatureSpec) -> dict[str, Any]:
    return {
        "ocr": ocr,
        "attributes": attributes,
        "features": features,
        "engines": [engine_fingerprint(ocr), *Looking(attributes, features).engines.values()],
    }


def _address(
    store: Store, dataset: ArtifactRef, ocr: OcrSpec, attributes: AttributeSpec, features: FeatureSpec
) -> ArtifactRef:
    return store.address("enriched", _spec(ocr, attributes, features), [dataset], VERSION)


def _shard(images: Mapping[str, str | None], shard: int, count: int) -> dict[str, str]:
    """Every `count`-th image; those whose bytes are known."""
    return {key: image for key in sorted(images)[shard::count] if (image := images[key])}


def _given(store: Store, dataset: ArtifactRef, kind: str) -> set[str]:
    parts = [part for part in dataset_parts(store, dataset) if part.file(f"{kind}.parquet")]
    return set(store.table(parts, kind, ["image_key"])["image_key"].to_pylist()) if parts else set()


def _without(images: Mapping[str, str], keys: set[str]) -> dict[str, str]:
    return {key: image for key, image in images.items() if key not in keys}


def fingerprint_of(kinds: Mapping[str, RowStore]) -> str:
    return "-".join(rows.group[:8] for rows in kinds.values())

