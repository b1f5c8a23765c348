"""What a data set's images hold, read in shards: only images that no earlier run has read are read again."""

import os
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pyarrow.compute as pc
from prefect.tasks import exponential_backoff

from mmkp_core.errors import MmkpError, Transient
from mmkp_core.identity import ArtifactRef
from mmkp_core.learning import Progress
from mmkp_core.tables.vision import ATTRIBUTES, ENTITIES, OCR, SIGNATURES
from mmkp_core.teacher.spec import TeacherLimits
from mmkp_core.vision.engines import engine_of
from mmkp_core.vision.entities import EntitySpec, entity_table
from mmkp_core.vision.ocr.rows import Reading, ocr_table
from mmkp_core.vision.ocr.spec import OcrSpec
from storage.dataset import DataSet
from storage.draft import Draft
from storage.enriching import find_selection, row_store, select_rows, shard_of, wanted_images
from storage.facts import PartFacts
from tasks.run.endpoint import Round, open_session
from tasks.run.pools import warm_pool
from tasks.run.progress import progress
from tasks.run.store import cached, open_store, published
from tasks.run.stored import stored_task

SHARDS = {"ocr": 150}
"""Images a task: half a minute of OCR on a core; of the others, some seconds."""
SHARD = 600
MOST_SHARDS = 200
TABLES = {table.name: table for table in (ATTRIBUTES, SIGNATURES)}


@stored_task(task_run_name="find {kind}")
def known_rows(dataset: ArtifactRef, kind: str, spec: Any) -> ArtifactRef | None:
    """The enrichment of a data set by these settings, if all its rows are there."""
    record = find_selection(open_store(), dataset, engine_of(kind, spec), spec)
    return cached(record.ref, f"{record.ref}: every image was read before") if record else None


def shards(dataset: ArtifactRef, kind: str) -> range:
    """The numbers of the shards that a data set's images are read in."""
    images = len(DataSet(open_store(), dataset).images())
    return range(min(MOST_SHARDS, -(-images // SHARDS.get(kind, SHARD))))


@stored_task(
    task_run_name="read words {shard}/{count}",
    retries=2,
    retry_delay_seconds=exponential_backoff(backoff_factor=2),
    retry_jitter_factor=0.5,
)
def read_words(dataset: ArtifactRef, spec: OcrSpec, shard: int, count: int, rebuild: bool = False) -> int:
    """The words in one shard's images; how many images were read now."""
    store = open_store()
    rows = row_store(store, engine_of("ocr", spec))
    images = shard_of(wanted_images(DataSet(store, dataset), "ocr"), shard, count)
    with store.lock(f"ocr/{rows.group}/{shard}-of-{count}"):
        todo = sorted(images) if rebuild else rows.missing(images)
        if not todo:
            return cached(0, f"all {len(images)} images of the shard were read before")
        begun = time.monotonic()
        readings: list[Reading] = []
        with progress(f"reading words, shard {shard}") as report:
            pool = warm_pool(
                spec, workers=os.cpu_count() or 1, work=store.objects.scratch("work") / f"ocr-{os.getpid()}"
            )
            for reading in pool.read((key, store.images.read(images[key])) for key in todo):
                readings.append(reading)
                report(Progress(len(readings), len(todo), "images"))
        kept = [reading for reading in readings if reading.is_kept]
        failed = [reading for reading in readings if not reading.is_kept]

        def build(draft: Draft) -> None:
            draft.write_table(OCR, ocr_table(kept))
            draft.facts = _facts((reading.status for reading in kept), begun)

        rows.add([reading.image_key for reading in kept], build, rebuild=rebuild)
    if failed:  # a failure that passes is retried by Prefect, and seen there; only these images are read again
        first = failed[0]
        raise Transient(f"{len(failed)} of {len(todo)} images failed; {first.image_key}: {first.detail}")
    return len(kept)


@stored_task(task_run_name="{kind} {shard}/{count}", retries=1)
def extract(dataset: ArtifactRef, kind: str, spec: Any, shard: int, count: int, rebuild: bool = False) -> int:
    """Attributes, vectors or signatures of one shard's images; how many images were read now."""
    store = open_store()
    engine = engine_of(kind, spec)
    assert engine.extract
    rows = row_store(store, engine)
    images = shard_of(wanted_images(DataSet(store, dataset), engine.table), shard, count)
    with store.lock(f"{engine.table}/{rows.group}/{shard}-of-{count}"):
        todo = sorted(images) if rebuild else rows.missing(images)
        if not todo:
            return cached(0, f"all {len(images)} images of the shard were read before")
        run, weights = engine.extract, store.objects.scratch("weights")

        def build(draft: Draft) -> None:
            begun = time.monotonic()
            found = run(((key, store.images.read(images[key])) for key in todo), draft.folder, weights)
            if found.rows is not None:
                draft.write_table(TABLES[engine.table], found.rows)
            draft.facts = PartFacts(rows=found.statuses, seconds=time.monotonic() - begun)

        rows.add(todo, build, rebuild=rebuild)
    return len(todo)


@stored_task(task_run_name="name what images show, by {spec.model}")
def name_entities(dataset: ArtifactRef, spec: EntitySpec, limits: TeacherLimits, rebuild: bool = False) -> int:
    """Entities of the images, named by a vision model; how many images were asked about now.

    Each reply is paid once, and a spent budget stops it with what it has, as a teacher's does.
    """
    store = open_store()
    rows = row_store(store, engine_of("entities", spec))
    images = wanted_images(DataSet(store, dataset), "entities")
    with store.lock(f"entities/{rows.group}"):
        todo = sorted(images) if rebuild else rows.missing(images)
        if not todo:
            return cached(0, f"all {len(images)} images were asked about before")
        begun = time.monotonic()
        with (
            open_session(store, dataset, spec.model, f"entities-{spec.journal_key}", limits) as session,
            progress(f"asking {spec.model} about images") as report,
        ):
            found = entity_table(
                todo,
                lambda key: store.images.read(images[key]),
                spec,
                session,
                lambda done: report(Progress(done, len(todo), "images")),
            )
        kept = found.filter(pc.field("status") != "failed")
        answered = sorted(set(kept["image_key"].to_pylist()))

        def build(draft: Draft) -> None:
            draft.write_table(ENTITIES, kept)
            draft.facts = _facts(kept["status"].to_pylist(), begun)

        if answered:
            rows.add(answered, build, rebuild=rebuild)
    if len(answered) < len(todo):
        failed = found.filter(pc.field("status") == "failed")["reason"].to_pylist()
        ended = Round(session.account.spent, session.account.tokens, failed)
        raise MmkpError(f"{len(answered):,} of {len(todo):,} images are asked about and kept; {ended.why(limits)}")
    return len(answered)


@stored_task(task_run_name="select {kind}")
def select(dataset: ArtifactRef, kind: str, spec: Any) -> ArtifactRef:
    """Which rows count for a data set: given ones before the engine's."""
    return published(*select_rows(open_store(), dataset, engine_of(kind, spec), spec))


def _facts(statuses: Iterable[str], begun: float) -> PartFacts:
    return PartFacts(rows=Counter(statuses), seconds=time.monotonic() - begun)
