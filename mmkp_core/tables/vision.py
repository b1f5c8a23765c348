"""Tables of what images hold: words, attributes, entities, matches, vectors, signatures.

A source may give such rows with its posts; an engine's rows have the same table name and say more.
"""

from collections.abc import Mapping

import pyarrow as pa

from mmkp_core.tables.posts import KEYED
from mmkp_core.tables.table import FLAG, NUMBER, TEXT, TEXTS, Column, Table, must

ENGINE = must("engine", TEXT, "name of the engine, or given:<hash> for a side file")
STATUS = must("status", TEXT, "ok, or why there is nothing")
_WORDS = must("words", TEXT, "cleaned words, blank-separated")

GIVEN_OCR = Table(
    "ocr",
    "Words of images that came with the posts.",
    (KEYED, ENGINE, _WORDS, must("raw", TEXT, "as the source has them")),
)

OCR = Table(
    "ocr",
    "Words read from images.",
    (
        KEYED,
        must("status", TEXT, "ok, empty, no_text, unreadable, too_large; given where the source said it"),
        _WORDS,
        must(
            "lines",
            pa.list_(pa.struct([("text", pa.string()), ("score", pa.float32()), ("box", pa.list_(pa.float32()))])),
            "lines as read, with the engine's confidence and their four corners as shares of width and height",
        ),
        ENGINE,
        must("detail", TEXT, "what failed, in words"),
    ),
)

GIVEN_ATTRIBUTES = Table(
    "attributes",
    "Attribute words of images that came with the posts.",
    (KEYED, ENGINE, must("attributes", TEXTS, "words, best first")),
)

ATTRIBUTES = Table(
    "attributes",
    "Attribute words of images.",
    (
        *GIVEN_ATTRIBUTES.columns,
        must("status", TEXT, "ok, unreadable, too_large"),
        must("measures", pa.map_(pa.string(), pa.float32()), "what the words were read from, by name"),
    ),
)

GIVEN_ENTITIES = Table(
    "entities",
    "Things seen in images that came with the posts.",
    (
        KEYED,
        ENGINE,
        must("name", TEXT, "the entity"),
        must("rank", pa.int32(), "0 is the surest"),
        Column("score", NUMBER, "the engine's confidence"),
    ),
)

ENTITIES = Table(
    "entities",
    "Things seen in images: a row an entity, or one without a name that says why there is none.",
    (
        *GIVEN_ENTITIES.columns,
        Column("status", TEXT, "named, none (nothing made out), rejected, failed (to be asked again)"),
        Column("reason", TEXT, "why the reply was not accepted"),
        Column("request_hash", TEXT, "hash of all that was sent"),
    ),
)

MATCHES = Table(
    "matches",
    "How well image and text of a post belong together.",
    (
        KEYED,
        must("post_id", TEXT, "the post whose text was matched"),
        ENGINE,
        must("score", NUMBER, "probability of a match"),
        must("matched", FLAG, "whether the engine calls it a match"),
    ),
)

SIGNATURES = Table(
    "signatures",
    "Perceptual hashes, for finding near-duplicates.",
    (
        KEYED,
        Column("structure", pa.uint64(), "64 bits of coarse structure; none for a plain image"),
        must("colours", pa.binary(), "coarse colours, a byte each"),
    ),
)

FEATURES_INDEX = Table(
    "features_index",
    "Which row of a part's vectors is whose.",
    (
        KEYED,
        must("row", pa.int32(), "row in the part's vectors; -1 where there is none"),
        must("cells", pa.int32(), "how many cells of the row are the image's; zeros stand behind them"),
        must("status", TEXT, "ok, unreadable, too_large"),
    ),
)

GIVEN: Mapping[str, Table] = {table.name: table for table in (GIVEN_OCR, GIVEN_ATTRIBUTES, GIVEN_ENTITIES, MATCHES)}
"""What a source may give besides its posts."""
