"""Posts together with what was read from their images, gathered from the store.

Plain functions, called by tasks and by child processes. What belongs together is written in the record of
an `enriched` artifact: for each kind of row, which engine's rows count for which data set.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter

from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.data.tables import posts_of
from mmkp_core.errors import MmkpError
from mmkp_core.identity import ArtifactRef
from mmkp_core.vision.signatures import ImageSignature
from mmkp_core.teacher.spec import TeacherSpec
from storage.records import Record
from storage.rows import parts_of
from storage.store import Store


def dataset_parts(store: Store, dataset: ArtifactRef) -> list[Record]:
    return [store.require(ref) for ref in store.require(dataset).inputs]


def dataset_posts(store: Store, dataset: ArtifactRef) -> list[Post]:
    """Every post of a data set, in the order they came in."""
    return list(posts_of(store.table(dataset_parts(store, dataset), "posts")))


def split_dataset(store: Store, split: ArtifactRef) -> ArtifactRef:
    return ArtifactRef.parse(store.require(split).facts["dataset"])


def split_parts(store: Store, split: ArtifactRef) -> dict[str, str]:
    """post id -> train, valid, test or dropped"""
    rows = store.table(store.require(split), "splits", ["post_id", "part"])
    return dict(zip(rows["post_id"].to_pylist(), rows["part"].to_pylist(), strict=True))


def part_posts(store: Store, split: ArtifactRef, part: str) -> list[Post]:
    """The posts of one part of a split, in the data set's order."""
    parts = split_parts(store, split)
    return [post for post in dataset_posts(store, split_dataset(store, split)) if parts.get(post.post_id) == part]


def image_keys(store: Store, dataset: ArtifactRef, status: str = "ok") -> dict[str, str | None]:
    """image key -> SHA-256 of the bytes, for the images of a data set in that state."""
    rows = store.table(
        dataset_parts(store, dataset), "images", ["image_key", "image"], where=pc.field("status") == status
    )
    return dict(zip(rows["image_key"].to_pylist(), rows["image"].to_pylist(), strict=True))


def examples(store: Store, posts: Sequence[Post], enriched: ArtifactRef | None) -> list[Example]:
    """`posts` with their image words, attributes and entities."""
    if enriched is None:
        return [Example(post=post) for post in posts]
    facts = store.require(enriched).facts
    keys = {post.image_key for post in posts if post.image_key}
    words = _by_image(store, facts, "ocr", "words", keys)
    attributes = _by_image(store, facts, "attributes", "attributes", keys)
    entities: dict[str, list[str]] = {}
    for row in _rows(store, facts, "entities", ["image_key", "name", "rank"], keys):
        if row["name"]:  # a row without a name says that nothing was made out
            entities.setdefault(row["image_key"], []).append(row["name"])
    return [
        Example(
            post=post,
            image_words=words.get(key, "") if (key := post.image_key) else "",
            attributes=tuple(attributes.get(key, ())) if key else (),
            entities=tuple(entities.get(key, ())) if key else (),
        )
        for post in posts
    ]


def with_rationales(store: Store, given: Sequence[Example], taught: ArtifactRef) -> list[Example]:
    """Examples with the teacher's accepted rationales; a rationale belongs to the request it answers."""
    from mmkp_core.teacher.rationales import request_of

    record = store.require(taught)
    spec = TypeAdapter(TeacherSpec).validate_python(plain(record.spec))
    accepted: dict[str, str] = {}
    for part in parts_of(store, "rationales", record.facts["engine"]):
        rows = store.table(part, "rationales", ["request_hash", "rationale"], where=pc.field("status") == "accepted")
        for request, rationale in zip(*(rows[name].to_pylist() for name in rows.schema.names), strict=True):
            accepted.setdefault(request, rationale)
    return [replace(example, rationale=accepted.get(request_of(example, spec).hash)) for example in given]


def plain(recorded: Any) -> Any:
    """A spec as records keep it, `{"OcrSpec": {...}}`, without the names of its types."""
    if isinstance(recorded, Mapping):
        name = next(iter(recorded), "")
        if len(recorded) == 1 and name[:1].isupper():
            return plain(recorded[name])
        return {key: plain(value) for key, value in recorded.items()}
    return recorded


def image_features(store: Store, enriched: ArtifactRef, keys: Iterable[str]) -> ImageFeatures:
    """The feature vectors of `keys`. Where no image has bytes it is empty, and every post gets a masked zero image."""
    from mmkp_core.vision.features.files import FeatureSpec, make_extractor, read_features

    record = store.require(enriched)
    parts = [
        part for source in record.facts["sources"]["features"] for part in parts_of(store, "features", source["engine"])
    ]
    if parts:
        return read_features([store.local(part) for part in parts], set(keys))
    extractor = make_extractor(TypeAdapter(FeatureSpec).validate_python(plain(record.spec["reading"])["features"]))
    return ImageFeatures(np.zeros((0, extractor.cells, extractor.numbers), np.float32), {})


def image_bytes(store: Store, posts: Iterable[Post]) -> Callable[[str], bytes | None]:
    """A function from image key to bytes, for systems that look at pixels; None where there are none."""
    stored = {post.image_key: post.image for post in posts if post.image_key and post.image}

    def read(key: str) -> bytes | None:
        image = stored.get(key)
        return store.images.read(image) if image else None

    return read


def image_signatures(store: Store, enriched: ArtifactRef, keys: set[str]) -> dict[str, ImageSignature]:
    """image key -> what its copies are found by, for the images that have bytes."""
    columns = ["image_key", "structure", "colours"]
    rows = _rows(store, store.require(enriched).facts, "signatures", columns, keys)
    return {row["image_key"]: ImageSignature(row["structure"], row["colours"]) for row in rows}


def _by_image(store: Store, facts: Mapping[str, Any], kind: str, column: str, keys: set[str]) -> dict[str, Any]:
    return {row["image_key"]: row[column] for row in _rows(store, facts, kind, ["image_key", column], keys)}


def _rows(
    store: Store, facts: Mapping[str, Any], kind: str, columns: list[str], keys: set[str]
) -> Iterable[dict[str, Any]]:
    """Rows of `kind` for the images `keys`: given ones before an engine's, newer ones before older."""
    seen: set[str] = set()
    for source in facts["sources"].get(kind, []):
        parts = (
            [store.require(ArtifactRef.parse(address)) for address in source["artifacts"]]
            if "artifacts" in source
            else parts_of(store, kind, source["engine"])
        )
        for part in parts:
            if not part.file(f"{kind}.parquet"):
                continue
            wanted = pa.array(sorted(keys - seen), pa.string())
            rows = store.table(part, kind, columns, where=pc.field("image_key").isin(wanted)).to_pylist()
            yield from rows
            seen.update(row["image_key"] for row in rows)


def require_phrases(posts: Sequence[Post], what: str) -> None:
    """Learning and scoring need keyphrases; posts without any are only predicted on."""
    if not any(post.keyphrases for post in posts):
        raise MmkpError(f"none of the {len(posts):,} {what} posts has a keyphrase; give a source that has them")
