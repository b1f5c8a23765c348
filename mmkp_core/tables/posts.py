"""Tables that an ingest writes: posts, their images, and rows that could not be used."""

import pyarrow as pa

from mmkp_core.tables.table import TEXT, TEXTS, TIME, WHOLE, Column, Table, must

IMAGE_KEY = Column("image_key", TEXT, "hash of the image's bytes, or of its reference where there are no bytes")
"""What everything derived from an image is kept under."""
KEYED = must(IMAGE_KEY.name, IMAGE_KEY.type, IMAGE_KEY.about)

POSTS = Table(
    "posts",
    "Posts as they were ingested.",
    (
        must("post_id", TEXT, "id of the post in its data set"),
        must("text", TEXT, "the post's own text"),
        must("keyphrases", TEXTS, "its keyphrases, in the source's order"),
        Column("image", TEXT, "SHA-256 of the image's bytes"),
        Column("image_ref", TEXT, "name or URL that the source gave for the image"),
        IMAGE_KEY,
        must("source", TEXT, "file the post came from"),
        must("line", WHOLE, "line in that file"),
        Column("split_hint", TEXT, "part that the source puts it in"),
        Column("created_at", TIME, "when it was posted"),
        Column("lang", TEXT, "language that the source states"),
        Column("extra", TEXT, "the source's other columns, as a JSON object"),
    ),
    # a third faster than with dictionaries and bounds for columns that never repeat
    parquet={
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": ["keyphrases.list.element", "image", "source", "split_hint", "lang"],
        "column_encoding": {"line": "DELTA_BINARY_PACKED", "created_at": "DELTA_BINARY_PACKED"},
        "write_statistics": ["source", "line", "split_hint", "created_at", "lang"],
    },
)

IMAGES = Table(
    "images",
    "Images that posts name.",
    (
        KEYED,
        Column("image", TEXT, "SHA-256 of the bytes"),
        must("image_ref", TEXT, "name or URL in the source"),
        must("status", TEXT, "ok, or what is wrong: missing, unreadable, too_large"),
        Column("width", pa.int32(), "pixels"),
        Column("height", pa.int32(), "pixels"),
        Column("format", TEXT, "file format"),
        Column("bytes", WHOLE, "size of the file"),
    ),
)

REPEATS = Table(
    "repeats",
    "Rows that state an earlier post once more, id and content.",
    (
        must("line", WHOLE, "line in the file"),
        must("post_id", TEXT, "id of the post that it repeats"),
    ),
)

QUARANTINE = Table(
    "quarantine",
    "Rows that could not be used, with the reason.",
    (
        must("stage", TEXT, "where it was refused: ingest, ..."),
        must("source", TEXT, "file"),
        must("line", WHOLE, "line in the file"),
        Column("key", TEXT, "post id or image reference, where it could be read"),
        must("reason", TEXT, "one of a closed list: bad_json, schema, id_conflict, ..."),
        must("detail", TEXT, "what exactly"),
        must("raw", TEXT, "the row's beginning; what is not UTF-8 is written as \\xNN"),
        must("raw_sha256", TEXT, "hash of the whole row"),
    ),
)
