"""What are the columns of the tables about posts? Their schemas, and posts to rows and back."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

import orjson
import pyarrow as pa

from mmkp_core.data.post import Post

POSTS = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("keyphrases", pa.list_(pa.string()), nullable=False),
        pa.field("image", pa.string()),  # sha256 of the bytes
        pa.field("image_ref", pa.string()),  # as the source gave it
        pa.field("image_key", pa.string()),  # what everything derived from the image is keyed by
        pa.field("source", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("split_hint", pa.string()),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("lang", pa.string()),
        pa.field("extra", pa.string()),  # JSON object of the source's other columns; null where there are none
    ]
)

IMAGES = pa.schema(
    [
        pa.field("image_key", pa.string(), nullable=False),
        pa.field("image", pa.string()),
        pa.field("image_ref", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),  # ok, missing, or why the file cannot be used
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("format", pa.string()),
        pa.field("bytes", pa.int64()),  # size of the file
    ]
)

QUARANTINE = pa.schema(
    [
        pa.field("stage", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("key", pa.string()),  # the post id, image reference or request, where it could be read
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("raw", pa.string(), nullable=False),  # the first bytes; what is not UTF-8 is written as \xNN
        pa.field("raw_sha256", pa.string(), nullable=False),  # of the whole row
    ]
)

OCR = pa.schema(
    [
        pa.field("image_key", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("words", pa.string(), nullable=False),  # blank-separated; empty: looked at, nothing there
        pa.field("raw", pa.string(), nullable=False),
    ]
)

ATTRIBUTES = pa.schema(
    [
        pa.field("image_key", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("attributes", pa.list_(pa.string()), nullable=False),  # best first
    ]
)

ENTITIES = pa.schema(
    [
        pa.field("image_key", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),  # 0 is best
        pa.field("score", pa.float64()),
    ]
)

MATCHES = pa.schema(
    [
        pa.field("image_key", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),  # probability that image and text belong together
        pa.field("matched", pa.bool_(), nullable=False),
    ]
)

POSTS_PARQUET: Mapping[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "use_dictionary": ["keyphrases.list.element", "image", "source", "split_hint", "lang"],
    "column_encoding": {"line": "DELTA_BINARY_PACKED", "created_at": "DELTA_BINARY_PACKED"},
    "write_statistics": ["source", "line", "split_hint", "created_at", "lang"],
}
"""How POSTS are best written: a third faster than with dictionaries and bounds for columns that never repeat."""

SIDE_TABLES: Mapping[str, pa.Schema] = {
    "ocr": OCR,
    "attributes": ATTRIBUTES,
    "entities": ENTITIES,
    "matches": MATCHES,
}
"""What a source may give besides its posts; the engine of such rows is `given:<file hash>`."""


def row_of_post(post: Post) -> dict[str, Any]:
    """A row of POSTS."""
    return {
        "post_id": post.post_id,
        "text": post.text,
        "keyphrases": list(post.keyphrases),
        "image": post.image,
        "image_ref": post.image_ref,
        "image_key": post.image_key,
        "source": post.source,
        "line": post.line,
        "split_hint": post.split_hint,
        "created_at": post.created_at,
        "lang": post.lang,
        "extra": orjson.dumps(dict(post.extra)).decode() if post.extra else None,
    }


def post_from_row(row: Mapping[str, Any]) -> Post:
    """The post of a row of POSTS; columns that the row lacks are as if null."""
    created_at = row.get("created_at")
    extra = row.get("extra")
    return Post(
        post_id=row["post_id"],
        text=row["text"],
        keyphrases=tuple(row.get("keyphrases") or ()),
        image=row.get("image"),
        image_ref=row.get("image_ref"),
        source=row.get("source") or "",
        line=row.get("line") or 0,
        split_hint=row.get("split_hint"),
        created_at=created_at.astimezone(UTC) if created_at else None,
        lang=row.get("lang"),
        extra=orjson.loads(extra) if extra else {},
    )


def posts_table(posts: Iterable[Post]) -> pa.Table:
    return pa.Table.from_pylist([row_of_post(post) for post in posts], schema=POSTS)


def posts_of(rows: pa.Table | pa.RecordBatch) -> Iterator[Post]:
    """The posts of a table of POSTS, a thousand at a time."""
    batches = rows.to_batches(max_chunksize=1000) if isinstance(rows, pa.Table) else [rows]
    for batch in batches:
        yield from map(post_from_row, batch.to_pylist())
