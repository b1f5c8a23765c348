"""A data set as stored: its posts, its images, and what its sources say of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from mmkp_core.data.post import Post
from mmkp_core.data.post_rows import posts_of
from mmkp_core.errors import MmkpError
from mmkp_core.identity import ArtifactRef
from storage.facts import DatasetFacts
from storage.records import Record
from storage.store import Store

KINDS_COLUMN = "kinds"
"""A column that a source may have beside its keyphrases: the kind of each, to be scored apart."""


class DataSet:
    def __init__(self, store: Store, ref: ArtifactRef) -> None:
        self.store = store
        self.ref = ref
        self.record = store.require(ref)
        self.facts = self.record.states(DatasetFacts)

    @property
    def parts(self) -> list[Record]:
        """The posts' artifacts, one a source, in the order they came in."""
        return [self.store.require(ref) for ref in self.record.inputs]

    def posts(self) -> list[Post]:
        """Every post, in the order they came in."""
        return list(posts_of(self.store.table(self.parts, "posts")))

    def images(self, status: str = "ok") -> dict[str, str | None]:
        """image key -> SHA-256 of the bytes, for the images in that state."""
        rows = self.store.table(self.parts, "images", ["image_key", "image"], where=pc.field("status") == status)
        return dict(zip(rows["image_key"].to_pylist(), rows["image"].to_pylist(), strict=True))

    def image_bytes(self) -> dict[str, str]:
        """image key -> SHA-256, for the images whose bytes are at hand."""
        return {key: image for key, image in self.images().items() if image}

    def given(self, kind: str) -> list[Record]:
        """The parts whose sources bring rows of that kind, words in images, say."""
        return [part for part in self.parts if part.file(f"{kind}.parquet")]

    def quarantine(self) -> pa.Table | None:
        parts = self.given("quarantine")
        return self.store.table(parts, "quarantine") if parts else None

    @property
    def is_generated(self) -> bool:
        """Whether a part was made by the generator, whose facts a scripted teacher answers from."""
        return any(part.file("facts.jsonl") for part in self.parts)


def require_keyphrases(posts: Sequence[Post], what: str) -> None:
    """Learning and scoring need keyphrases; posts without any are only predicted on."""
    if not any(post.keyphrases for post in posts):
        raise MmkpError(f"none of the {len(posts):,} {what} posts has a keyphrase; give a source that has them")


def image_reader(store: Store, posts: Iterable[Post]) -> Callable[[str], bytes | None]:
    """A function from image key to bytes, for systems that see pixels; None where there are none."""
    stored = {post.image_key: post.image for post in posts if post.image_key and post.image}

    def read(key: str) -> bytes | None:
        image = stored.get(key)
        return store.images.read(image) if image else None

    return read


def phrase_kinds(posts: Sequence[Post]) -> Mapping[str, Mapping[str, str]] | None:
    """post id -> phrase -> kind, where the source states kinds."""
    found = {
        post.post_id: dict(zip(post.keyphrases, kinds, strict=True))
        for post in posts
        if len(kinds := post.extra.get(KINDS_COLUMN, ())) == len(post.keyphrases) and kinds
    }
    return found or None
