"""What a data set's images hold: words, attributes, feature vectors, perceptual hashes, entities.

Rows are kept per image and engine; a shard reads only the images that no earlier run has read. The `enriched`
artifact says which rows count for a data set, and has no rows of its own.
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from prefect.tasks import exponential_backoff

from mmkp_core.errors import MmkpError, Transient
from mmkp_core.identity import ArtifactRef
from mmkp_core.vision.ocr.engine import engine_fingerprint, make_engine
from mmkp_core.vision.ocr.pool import OcrPool
from mmkp_core.vision.ocr.rows import OCR_ROWS, Reading, ocr_table
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.vision.signatures import SIGNATURE_VERSION, image_signature
from mmkp_core.learning import Progress
from mmkp_core.teacher.spec import TeacherLimits
from mmkp_core.vision.attributes import attributes_fingerprint, attributes_table, measure
from mmkp_core.vision.decoding import DECODE_VERSION, Decoded, decode
from mmkp_core.vision.entities import EntitySpec, entity_table
from mmkp_core.vision.features.files import make_extractor, write_features
from storage.rows import RowStore
from storage.store import Draft, Store
from tasks.endpoint import Asked, asking_of
from tasks.examples import dataset_parts, image_keys
from tasks.progress import progress
from tasks.reading import ImageReading
from tasks.store import build_once, cached, open_store
from tasks.stored import stored_task

logger = logging.getLogger(__name__)

VERSION = 1
SHARD = 150
"""Images a task: half a minute of OCR on a core."""
MOST_SHARDS = 200

SIGNATURES = pa.schema(
    [
        pa.field("image_key", pa.string(), nullable=False),
        pa.field("structure", pa.uint64()),  # none for a plain image
        pa.field("colours", pa.binary(), nullable=False),
    ]
)


@stored_task()
def already_enriched(dataset: ArtifactRef, reading: ImageReading, rebuild: bool = False) -> ArtifactRef | None:
    """The enrichment of a data set, if all its rows are there."""
    store = open_store()
    if rebuild:
        return None
    record = store.find(store.address("enriched", _spec(reading), [dataset], VERSION))
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
    with OcrPool(make_engine(spec), spec, workers=os.cpu_count() or 1, work=work) as pool:
        yield pool


@stored_task(
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
    rows = row_store(store, "ocr", engine_fingerprint(spec))
    images = _without(_shard(image_keys(store, dataset), shard, count), _given(store, dataset, "ocr"))
    with store.lock(f"ocr/{rows.group}/{shard}-of-{count}"):
        todo = sorted(images) if rebuild else rows.missing(images)
        if not todo:
            return cached(0, f"all {len(images)} images of the shard were read before")
        begun = time.monotonic()
        with progress(f"reading words, shard {shard}") as report:
            readings: list[Reading] = []
            for reading in pool.read((key, store.images.read(images[key])) for key in todo):
                readings.append(reading)
                report(Progress(len(readings), len(todo), "images"))
        kept = [reading for reading in readings if reading.is_kept]
        failed = [reading for reading in readings if not reading.is_kept]

        def build(draft: Draft) -> None:
            draft.write_table("ocr", ocr_table(kept), OCR_ROWS)
            draft.facts.update(Counter(reading.status for reading in kept), asked_seconds=time.monotonic() - begun)

        rows.add([reading.image_key for reading in kept], build, rebuild=rebuild)
    if failed:  # a failure that passes is retried by Prefect, and seen there; only these images are read again
        first = failed[0]
        raise Transient(f"{len(failed)} of {len(todo)} images failed; {first.image_key}: {first.detail}")
    return len(kept)


@stored_task(task_run_name="look at images {shard}/{count}", retries=1)
def look_at(dataset: ArtifactRef, reading: ImageReading, shard: int, count: int, rebuild: bool = False) -> int:
    """Attributes, feature vectors and signatures of one shard's images; how many images were looked at now."""
    store = open_store()
    images = _shard(image_keys(store, dataset), shard, count)
    looked = 0
    with store.lock(f"looks/{dataset.fingerprint}/{shard}-of-{count}"):
        for kind, look in looks(reading).items():
            rows = row_store(store, kind, look.engine)
            todo = sorted(images) if rebuild else rows.missing(images)
            looked = max(looked, len(todo))
            if todo:

                def build(draft: Draft, look: Look = look, todo: list[str] = todo) -> None:
                    look.write(draft, ((key, store.images.read(images[key])) for key in todo))

                rows.add(todo, build, rebuild=rebuild)
    return looked or cached(0, f"all {len(images)} images of the shard were looked at before")


@stored_task(task_run_name="name what images show, by {spec.model}")
def name_entities(dataset: ArtifactRef, spec: EntitySpec, limits: TeacherLimits, rebuild: bool = False) -> int:
    """Entities of the images, named by a vision model; how many images were asked about now.

    Each reply is paid once, and a spent budget stops it with what it has, as a teacher's does.
    """
    store = open_store()
    rows = row_store(store, "entities", spec.engine)
    images = _without(_shard(image_keys(store, dataset), 0, 1), _given(store, dataset, "entities"))
    with store.lock(f"entities/{rows.group}"):
        todo = sorted(images) if rebuild else rows.missing(images)
        if not todo:
            return cached(0, f"all {len(images)} images were asked about before")
        begun = time.monotonic()
        with (
            asking_of(store, dataset, spec.model, f"entities-{spec.asked}", limits) as asking,
            progress(f"asking {spec.model} about images") as report,
        ):
            found = entity_table(
                todo,
                lambda key: store.images.read(images[key]),
                spec,
                asking,
                lambda done: report(Progress(done, len(todo), "images")),
            )
        kept = found.filter(pc.field("status") != "failed")
        answered = sorted(set(kept["image_key"].to_pylist()))

        def build(draft: Draft) -> None:
            draft.write_table("entities", kept, kept.schema)
            draft.facts.update(Counter(kept["status"].to_pylist()), asked_seconds=time.monotonic() - begun)

        if answered:
            rows.add(answered, build, rebuild=rebuild)
    if len(answered) < len(todo):
        failed = found.filter(pc.field("status") == "failed")["reason"].to_pylist()
        ended = Asked(asking.account.spent, asking.account.tokens, failed)
        raise MmkpError(f"{len(answered):,} of {len(todo):,} images are asked about and kept; {ended.why(limits)}")
    return len(answered)


@dataclass(frozen=True)
class Look:
    """One way of looking at images: whose rows they are, and how a part of them is written."""

    name: str
    engine: str
    write: Callable[[Draft, Iterator[tuple[str, bytes]]], None]


def looks(reading: ImageReading) -> dict[str, Look]:
    """What is looked for, by kind of row."""
    attributes, features = reading.attributes, reading.features
    extractor = make_extractor(features)

    def write_attributes(draft: Draft, images: Iterator[tuple[str, bytes]]) -> None:
        rows = [measure(key, data, attributes) for key, data in images]
        table = attributes_table(rows)
        named = table.append_column("engine", pa.repeat(pa.scalar("measured"), table.num_rows))
        draft.write_table("attributes", named, named.schema)

    def write_vectors(draft: Draft, images: Iterator[tuple[str, bytes]]) -> None:
        draft.facts["vectors"] = write_features(extractor, images, draft.folder).rows

    def write_signatures(draft: Draft, images: Iterator[tuple[str, bytes]]) -> None:
        rows = []
        for key, data in images:
            picture = decode(data, bound=512)
            if isinstance(picture, Decoded):
                signature = image_signature(picture.rgb)
                rows.append({"image_key": key, "structure": signature.structure, "colours": signature.colours})
        draft.write_table("signatures", rows, SIGNATURES)

    return {
        "attributes": Look("measured", attributes_fingerprint(attributes), write_attributes),
        "features": Look(features.source, extractor.fingerprint(), write_vectors),
        "signatures": Look("dct", f"signature-{SIGNATURE_VERSION}-{DECODE_VERSION}", write_signatures),
    }


def row_store(store: Store, kind: str, engine: str) -> RowStore:
    """The rows of one engine; vectors are listed in a table beside them."""
    return RowStore(store, kind, engine, VERSION, table="features_index" if kind == "features" else kind)


@stored_task()
def select(dataset: ArtifactRef, reading: ImageReading) -> ArtifactRef:
    """Which rows count for a data set: given ones before an engine's."""
    store = open_store()
    engines: dict[str, tuple[str, str]] = {"ocr": (engine_fingerprint(reading.ocr), reading.ocr.engine)}
    engines |= {kind: (look.engine, look.name) for kind, look in looks(reading).items()}
    if reading.entities.model:
        engines["entities"] = (reading.entities.engine, reading.entities.model)
    parts: list[ArtifactRef] = []
    sources: dict[str, list[dict[str, Any]]] = {}
    for kind in ("ocr", "attributes", "features", "signatures", "entities", "matches"):
        sources[kind] = []
        if given := [part.ref.address for part in dataset_parts(store, dataset) if part.file(f"{kind}.parquet")]:
            sources[kind].append({"name": "given with the posts", "artifacts": given})
        if kind in engines:
            engine, name = engines[kind]
            rows = row_store(store, kind, engine)
            if found := rows.parts():
                sources[kind].append({"name": name, "engine": rows.group})
                parts += [part.ref for part in found]

    def build(draft: Draft) -> None:
        draft.facts.update(sources=sources, dataset=dataset.address, parts=len(parts))
        draft.rests_on += parts

    return build_once("enriched", _spec(reading), [dataset], build, version=VERSION, rebuild=True)


def _spec(reading: ImageReading) -> dict[str, Any]:
    engines = [engine_fingerprint(reading.ocr), *(look.engine for look in looks(reading).values())]
    return {"reading": reading, "engines": [*engines, reading.entities.engine]}


def _shard(images: Mapping[str, str | None], shard: int, count: int) -> dict[str, str]:
    """Every `count`-th image; those whose bytes are known."""
    return {key: image for key in sorted(images)[shard::count] if (image := images[key])}


def _given(store: Store, dataset: ArtifactRef, kind: str) -> set[str]:
    parts = [part for part in dataset_parts(store, dataset) if part.file(f"{kind}.parquet")]
    return set(store.table(parts, kind, ["image_key"])["image_key"].to_pylist()) if parts else set()


def _without(images: Mapping[str, str], keys: set[str]) -> dict[str, str]:
    return {key: image for key, image in images.items() if key not in keys}
