"""What is known of a data set's images, by kind: which rows count, and posts together with theirs.

A kind is `ocr`, `attributes`, `entities`, `matches`, `signatures` or `features/<extractor>`. Each is an artifact of its
own that selects rows and holds none, so that a second engine of one kind changes the address of nobody who does not
read it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.identity import ArtifactRef
from mmkp_core.vision.signatures import ImageSignature
from mmkp_core.vision.spec import EnrichSpec
from storage.facts import EnrichmentFacts
from storage.rows import parts_of
from storage.store import Store

KIND = "enrichment"
EXTRACTED = "features/"
KINDS = ("ocr", "attributes", "entities", "matches", "features", "signatures")


class Enrichment:
    """One kind of enrichment of one data set."""

    def __init__(self, store: Store, ref: ArtifactRef) -> None:
        self.store = store
        self.ref = ref
        self.record = store.require(ref)
        self.facts = self.record.states(EnrichmentFacts)

    @property
    def kind(self) -> str:
        return self.facts.kind

    @property
    def engines(self) -> list[str]:
        """The names of what its rows come from, given ones first."""
        return [source.name for source in self.facts.sources]

    def rows(self, columns: Sequence[str], keys: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Rows of the images `keys`: given ones before an engine's, newer ones before older."""
        table, wanted, seen = self.kind.partition("/")[0], set(keys), set[str]()
        for source in self.facts.sources:
            parts = (
                [self.store.require(ArtifactRef.parse(address)) for address in source.artifacts]
                if source.artifacts
                else parts_of(self.store, table, source.engine)
            )
            for part in parts:
                if part.file(f"{table}.parquet") and wanted - seen:
                    left = pa.array(sorted(wanted - seen), pa.string())
                    found = self.store.table(
                        part, table, ["image_key", *columns], where=pc.field("image_key").isin(left)
                    ).to_pylist()
                    yield from found
                    seen.update(row["image_key"] for row in found)

    def by_image(self, column: str, keys: Iterable[str]) -> dict[str, Any]:
        return {row["image_key"]: row[column] for row in self.rows([column], keys)}

    def features(self, keys: Iterable[str], cells: int, numbers: int) -> ImageFeatures:
        """The vectors of `keys`; empty, but of that shape, where no image has bytes."""
        from mmkp_core.vision.features.files import read_features

        parts = [part for s in self.facts.sources if s.engine for part in parts_of(self.store, "features", s.engine)]
        if not parts:
            return ImageFeatures(np.zeros((0, cells, numbers), np.float32), {})
        return read_features([self.store.local(part) for part in parts], set(keys))

    def signatures(self, keys: Iterable[str]) -> dict[str, ImageSignature]:
        """image key -> what its duplicates are found by, for the images that have bytes."""
        rows = self.rows(["structure", "colours"], keys)
        return {row["image_key"]: ImageSignature(row["structure"], row["colours"]) for row in rows}


def examples(store: Store, posts: Sequence[Post], enrichments: Iterable[ArtifactRef]) -> list[Example]:
    """`posts` with the words, attributes, entities and match scores of their images that the enrichments select."""
    keys = {post.image_key for post in posts if post.image_key}
    words: dict[str, str] = {}
    attributes: dict[str, list[str]] = {}
    entities: dict[str, list[str]] = {}
    matches: dict[str, float] = {}
    for enrichment in (Enrichment(store, ref) for ref in enrichments):
        match enrichment.kind:
            case "ocr":
                words = enrichment.by_image("words", keys)
            case "attributes":
                attributes = enrichment.by_image("attributes", keys)
            case "matches":
                matches = enrichment.by_image("score", keys)
            case "entities":
                for row in enrichment.rows(["name", "rank"], keys):
                    if row["name"]:  # a row without a name says that nothing was made out
                        entities.setdefault(row["image_key"], []).append(row["name"])
    return [
        Example(
            post=post,
            image_words=words.get(key, "") if (key := post.image_key) else "",
            attributes=tuple(attributes.get(key, ())) if key else (),
            entities=tuple(entities.get(key, ())) if key else (),
            match=matches.get(key) if key else None,
        )
        for post in posts
    ]


def known_enrichment(store: Store, dataset: ArtifactRef, kind: str) -> ArtifactRef | None:
    """The enrichment of that kind that was named last for a data set: what a person chose; else the newest."""
    made = {
        record.ref: record.made_at
        for record in store.records(KIND, kind)
        if record.states(EnrichmentFacts).dataset == dataset.address
    }
    named = {v.target: v.at for v in store.names.current() if v.target in made}
    return max(named or made, key=lambda ref: (named or made)[ref], default=None)


def enrichment_kinds(reads: Iterable[str]) -> list[str]:
    """Those of the things that a system reads that are enrichments of a data set."""
    return [kind for kind in dict.fromkeys(reads) if kind.partition("/")[0] in KINDS]


def recorded_settings(store: Store, refs: Iterable[ArtifactRef], settings: EnrichSpec) -> EnrichSpec:
    """`settings` with those by which the enrichments were made."""
    for enrichment in (Enrichment(store, ref) for ref in refs):
        settings = settings.with_recorded(enrichment.kind, enrichment.record.spec["settings"])
    return settings


def chosen_settings(store: Store, dataset: str) -> EnrichSpec:
    """How the images of the data set of that name, or of an earlier version of it, were last asked to be read."""
    kinds = (kind for kind in KINDS if kind not in ("features", "signatures"))
    names = [name_of_kind(kind, dataset) for kind in kinds]
    names += [v.name for v in store.names.current() if v.name.startswith(f"features/{dataset}.")]
    found = [ref for ref in map(store.names.get, names) if ref]
    return recorded_settings(store, found, EnrichSpec())


def name_of_kind(kind: str, dataset: str) -> str:
    """What a data set's enrichment of a kind is called: `ocr/demo`, `features/demo.grid`."""
    base, _, extractor = kind.partition("/")
    return f"{base}/{dataset}.{extractor}" if extractor else f"{base}/{dataset}"
