"""How does a source become tables? Every row read is accepted, quarantined or counted as a duplicate; none is lost.

    files --reader of the format--> Rows --here--> Batch(posts, images, quarantine, side tables, counts)

A batch holds some ten thousand posts of one file, and nothing is kept of it once it is handed over but hashes
of ids, so memory stays flat however long the source is.
"""

from collections.abc import Iterator
from pathlib import Path

from mmkp_core.data.batches import Batch, Counts, Finish
from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.images import ReadImage, SeenImages
from mmkp_core.data.known import KnownIds
from mmkp_core.data.rows import Rows
from mmkp_core.errors import Mismatch, TooManyBadRows, WrongInput


def read_source(
    files: SourceFiles, spec: IngestSpec, *, known: KnownIds | None = None, read_image: ReadImage | None = None
) -> Iterator[Batch]:
    """The batches of a source, file after file.

    `known` holds the ids of posts that are there already, and takes up the new ones. `read_image` is called once
    for each image file that is found in the folder of images.
    """
    if len(files.posts) != 1 and (files.ocr or files.attributes):
        raise Mismatch(f"side files belong to one file of posts, {len(files.posts)} are given; read them one by one")
    names = [path.name for path in files.posts]
    if len(set(names)) < len(names):
        raise WrongInput(f"two files of posts have one name ({', '.join(sorted(names))}); rename one")
    known = KnownIds() if known is None else known
    alone = len(files.posts) == 1 and not len(known)
    images = SeenImages(files.images, read_image)
    for path in files.posts:
        prefix = files.id_prefix or ("" if alone else f"{path.name}:")
        finish = Finish(path, files, spec, prefix, known, images)
        read = 0
        for rows in _reader(path, files, spec):
            batch = finish(rows)
            read += batch.counts.read
            yield batch
        if not read and not spec.allow_empty:
            raise WrongInput(f"{path}: no rows; set allow_empty if that is all right")


def refuse_too_many_bad(counts: Counts, spec: IngestSpec) -> None:
    """To be called when everything is written, so that the rows can be looked at."""
    if counts.quarantined > spec.max_bad_share * counts.read:
        raise TooManyBadRows(
            f"{counts.quarantined:,} of {counts.read:,} rows are quarantined, more than the share of "
            f"{spec.max_bad_share:g}; look at the quarantine table, mend the source or raise max_bad_share"
        )


def _reader(path: Path, files: SourceFiles, spec: IngestSpec) -> Iterator[Rows]:
    match spec.format:
        case "jsonl":
            from mmkp_core.data.jsonl import read_jsonl

            return read_jsonl(path, spec)
        case "csv":
            from mmkp_core.data.table import read_csv

            return read_csv(path, spec)
        case "parquet":
            from mmkp_core.data.table import read_parquet

            return read_parquet(path, spec)
        case "cmkp":
            from mmkp_core.data.cmkp import read_cmkp

            return read_cmkp(path, files, spec)
        case "mm-mkp":
            from mmkp_core.data.mm_mkp import read_mm_mkp

            return read_mm_mkp(path, spec)
        case "aimkp":
            from mmkp_core.data.aimkp import read_aimkp

            return read_aimkp(path, spec)
        case "trc":
            from mmkp_core.data.trc import read_trc

            return read_trc(path, spec)
