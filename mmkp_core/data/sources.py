"""Reads a source into tables; every row is accepted, quarantined or counted as a duplicate, and none is lost.

    files --reader of the format--> Rows --rules for all formats--> SourceBatch(posts, images, quarantine, ...)

A batch holds some ten thousand posts of one file; after it only hashes of ids are kept, so memory stays flat however
long the source is.
"""

from collections.abc import Iterator

from mmkp_core.data.batches import Counts, RowRules, SourceBatch
from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.hashtags import one_form
from mmkp_core.data.images import ReadImage, SeenImages
from mmkp_core.data.known import KnownIds
from mmkp_core.data.readers import READERS, read_rows
from mmkp_core.data.segmenting import Segmenter
from mmkp_core.errors import Mismatch, TooManyBadRows, WrongInput


def read_source(
    files: SourceFiles, spec: IngestSpec, *, known: KnownIds | None = None, read_image: ReadImage | None = None
) -> Iterator[SourceBatch]:
    """The batches of a source, file after file.

    `known` holds the ids of posts that are there already, and takes up the new ones. `read_image` is called once
    for each image file that is found in the folder of images.
    """
    if len(files.posts) != 1 and (files.ocr or files.attributes):
        raise Mismatch(f"side files belong to one file of posts, {len(files.posts)} are given; read them one by one")
    for side, called in (("ocr", "image words"), ("attributes", "attributes")):
        if getattr(files, side) and side not in READERS[spec.format].sides:
            takers = " and ".join(name for name, row in READERS.items() if side in row.sides)
            raise Mismatch(
                f"a file of {called}, a line for each post, goes with the format {takers} only; posts of the format "
                f"{spec.format} have them inside, or `mmkp enrich` reads the images"
            )
    names = [path.name for path in files.posts]
    if len(set(names)) < len(names):
        raise WrongInput(f"two files of posts have one name ({', '.join(sorted(names))}); rename one")
    known = KnownIds() if known is None else known
    alone = len(files.posts) == 1 and not len(known)
    images = SeenImages(files.images, read_image)
    segmenter = segmenter_of(files, spec)
    for path in files.posts:
        prefix = files.id_prefix or ("" if alone else f"{path.name}:")
        rules = RowRules(path, files, spec, prefix, known, images, segmenter)
        read = 0
        for rows in read_rows(path, files, spec):
            batch = rules.batch(rows)
            read += batch.counts.read
            yield batch
        if not read and not spec.allow_empty:
            raise WrongInput(f"{path}: no rows; set allow_empty if that is all right")


def segmenter_of(files: SourceFiles, spec: IngestSpec) -> Segmenter:
    """What the source's own texts tell of how its hashtags are cut; they are read once more for it."""
    segmenter = Segmenter()
    if spec.keyphrases_from == "hashtags" and spec.hashtags.segment:
        for path in files.posts:
            for rows in read_rows(path, files, spec):
                for text in rows.columns.column("text").to_pylist():
                    if text.count("#") <= spec.max_keyphrases:  # the others are quarantined
                        segmenter.add(one_form(text))
    return segmenter


def refuse_too_many_bad(counts: Counts, spec: IngestSpec) -> None:
    """To be called when everything is written, so that the rows can be looked at."""
    named = counts.images + counts.images_bad
    if counts.images_bad > spec.max_bad_images * named:
        raise TooManyBadRows(
            f"{counts.images_bad:,} of {named:,} image files cannot be used, more than the share of "
            f"{spec.max_bad_images:g}; look at the quarantine table, mend the folder of images or raise max_bad_images"
        )
    if counts.quarantined > spec.max_bad_share * counts.read:
        raise TooManyBadRows(
            f"{counts.quarantined:,} of {counts.read:,} rows are quarantined, more than the share of "
            f"{spec.max_bad_share:g}; look at the quarantine table, mend the source or raise max_bad_share"
        )
