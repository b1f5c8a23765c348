"""Posts as rows of the table `posts`, and back."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

import orjson
import pyarrow as pa

from mmkp_core.data.post import Post
from mmkp_core.tables.posts import POSTS


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
    return pa.Table.from_pylist([row_of_post(post) for post in posts], schema=POSTS.schema)


def posts_of(rows: pa.Table | pa.RecordBatch) -> Iterator[Post]:
    """The posts of a table of POSTS, a thousand at a time."""
    batches = rows.to_batches(max_chunksize=1000) if isinstance(rows, pa.Table) else [rows]
    for batch in batches:
        yield from map(post_from_row, batch.to_pylist())
