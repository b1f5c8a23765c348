"""Posts from files into the store: posts, images, quarantine, and what a source says of its images."""

import logging
import shutil
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from prefect.artifacts import create_table_artifact

from mmkp_core.data.batches import Counts
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.formats import IngestSettings, IngestSpec, SourceFiles
from mmkp_core.data.images import ImageFile, ReadImage
from mmkp_core.data.known import KnownIds
from mmkp_core.data.sources import read_source, refuse_too_many_bad
from mmkp_core.errors import TooManyBadRows
from mmkp_core.identity import ArtifactRef
from mmkp_core.learning import Progress, Report
from mmkp_core.tables.posts import IMAGES, POSTS, QUARANTINE, REPEATS
from mmkp_core.tables.vision import GIVEN
from mmkp_core.vision.decoding import Undecodable, decode
from storage.dataset import DataSet
from storage.draft import Draft, TableWriter
from storage.facts import DatasetFacts, PostsFacts
from storage.records import Record
from storage.store import Store
from tasks.run.away import patient
from tasks.run.progress import progress
from tasks.run.sources import Source, content_hash
from tasks.run.store import build_once, cached, open_store
from tasks.run.stored import stored_task

logger = logging.getLogger(__name__)

VERSION = 2
DEMO_VERSION = 3


@stored_task(task_run_name="ingest {source.path}")
def ingest_posts(
    source: Source, settings: IngestSettings, before: ArtifactRef | None = None, prefix: str = "", rebuild: bool = False
) -> ArtifactRef:
    """The posts of a file; those that the data set `before` already holds are counted as duplicates."""
    store = open_store()
    files, reading = source.files(prefix), source.reading(settings)
    inputs = [part.ref for part in DataSet(store, before).parts] if before else []
    spec = {"reading": reading, "content": content_hash(files), "prefix": prefix}
    same = [ref for ref in inputs if store.require(ref).spec.get("content") == spec["content"]]
    if same:  # the very same file again adds nothing, whether or not its posts have ids
        return cached(same[0], f"{source.path} is part of the data set already")

    def build(draft: Draft) -> None:
        with progress(f"ingesting {Path(source.path).name}") as report:
            write_posts(store, draft, files, reading, inputs, report)

    return build_once("posts", spec, inputs, build, version=VERSION, rebuild=rebuild)


@stored_task(task_run_name="generate {posts.posts} posts")
def generate_posts(posts: DemoSpec, rebuild: bool = False) -> ArtifactRef:
    """Generated posts, read as any JSON lines are."""
    store = open_store()
    reading = IngestSpec(format="jsonl", keyphrases_from="hashtags" if posts.raw else "column")

    def build(draft: Draft) -> None:
        from mmkp_core.data.demo import write_demo

        folder = store.workspace(draft.ref) / "demo"
        shutil.rmtree(folder, ignore_errors=True)
        with progress("generating posts") as report:
            written = write_demo(posts, folder, lambda done: report(Progress(done, posts.posts, "drawing")))
            files = SourceFiles(posts=(written.posts,), images=written.images if posts.images else None)
            write_posts(store, draft, files, reading, [], report)
        shutil.copy(written.facts, draft.folder)  # what a scripted teacher answers from

    spec = {"demo": posts, "reading": reading, "generator": DEMO_VERSION}
    return build_once("posts", spec, [], build, version=VERSION, rebuild=rebuild)


@stored_task()
def join_dataset(before: ArtifactRef | None, *posts: ArtifactRef) -> ArtifactRef:
    """A data set: the parts it had before, and the new ones. No row is copied."""
    store = open_store()
    parts = [part.ref for part in DataSet(store, before).parts] if before else []
    parts += [ref for ref in posts if ref not in parts]

    def build(draft: Draft) -> None:
        found = (store.require(ref).states(PostsFacts).counts for ref in parts)
        draft.facts = DatasetFacts(counts=sum(found, Counts()))

    return build_once("dataset", {}, parts, build, version=VERSION)


@stored_task()
def show_counts(dataset: ArtifactRef, key: str) -> None:
    """What became of the rows, as a table in the UI; too many bad ones fail here, after all is written."""
    store = open_store()
    rows = [
        {"file": store.table(part, "posts", ["source"]).slice(0, 1)["source"].to_pylist()[0] if _rows(part) else "",
         **asdict(part.states(PostsFacts).counts)}
        for part in DataSet(store, dataset).parts
    ]  # fmt: skip
    patient(create_table_artifact)(table=rows, key=key, description="Rows read = accepted + quarantined + duplicates")


def write_posts(
    store: Store, draft: Draft, files: SourceFiles, reading: IngestSpec, before: list[ArtifactRef], report: Report
) -> None:
    """All tables of a source into a draft. With too many bad rows they are published apart, and the task fails."""
    known = KnownIds()
    if before:
        table = store.table([store.require(ref) for ref in before], "posts")
        known = KnownIds.from_posts(table.to_batches())
    counts = Counts()
    size = sum(path.stat().st_size for path in files.posts)
    with ExitStack() as stack:
        tables = {
            "posts": stack.enter_context(draft.table(POSTS)),
            "images": stack.enter_context(draft.table(IMAGES)),
            "quarantine": stack.enter_context(draft.table(QUARANTINE)),
            "repeats": stack.enter_context(draft.table(REPEATS)),
        }
        sides: dict[str, TableWriter] = {}
        for batch in read_source(files, reading, known=known, read_image=image_reader(store)):
            counts += batch.counts
            tables["posts"].write(batch.posts)
            tables["images"].write(batch.images)
            tables["quarantine"].write(batch.quarantine)
            tables["repeats"].write(batch.repeats)
            for name, rows in batch.sides.items():
                if name not in sides:
                    sides[name] = stack.enter_context(draft.table(GIVEN[name]))
                sides[name].write(rows)
            report(Progress(counts.read, max(counts.read, size // 250), "rows"))
    if counts.labels_cut:
        logger.warning(
            "%s rows state a keyphrase as a hashtag in their text, which gives it away: such tags were cut "
            "(labels_in_text keep leaves them)", f"{counts.labels_cut:,}",
        )  # fmt: skip
    draft.facts = PostsFacts(counts=counts)
    try:
        refuse_too_many_bad(counts, reading)
    except TooManyBadRows:
        _publish_quarantine(store, draft)
        raise


def image_reader(store: Store) -> ReadImage:
    """Reads one image file, keeps its bytes if they are an image, and says what is wrong with it if not."""

    def read(path: Path) -> ImageFile:
        try:
            data = path.read_bytes()
        except OSError as error:
            return ImageFile(status="unreadable", detail=f"{path.name}: {error.strerror}")
        picture = decode(data, bound=256)
        if isinstance(picture, Undecodable):
            return ImageFile(status=picture.trouble, bytes=len(data), detail=picture.detail)
        return ImageFile(
            status="ok",
            image=store.images.add(data),
            width=picture.width,
            height=picture.height,
            format=picture.format,
            bytes=len(data),
        )

    return read


def _publish_quarantine(store: Store, draft: Draft) -> None:
    """The rows of a failed ingest, so that they can be looked at; nothing else of it is kept."""

    def build(rejects: Draft) -> None:
        shutil.copy(draft.folder / "quarantine.parquet", rejects.folder)
        rejects.facts = draft.facts

    store.build("rejects", {"of": draft.ref.address}, [], VERSION, build, rebuild=True)


def _rows(part: Record) -> int:
    return sum(file.rows or 0 for file in part.files if file.name == "posts.parquet")
