"""The settings of reading a source, and where its files are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from annotated_types import Ge, Le, MinLen

from mmkp_core.data.hashtags import HashtagSpec
from mmkp_core.data.tweets import TweetNormalSpec
from mmkp_core.spec import spec

Format = Literal["cmkp", "mm-mkp", "aimkp", "trc", "jsonl", "csv", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""Each has its reader in `readers.READERS`."""


@spec
class Columns:
    """The source's names for the fields of a post; only jsonl, csv and parquet have names.

    Of the default names only `text` must be there; a name that is set must be there. Other columns are kept as
    `extra`.
    """

    post_id: Annotated[str, MinLen(1)] = "post_id"
    """The source's own id: text or a whole number. Without it the line number is the id."""
    text: Annotated[str, MinLen(1)] = "text"
    """The post's own words."""
    keyphrases: Annotated[str, MinLen(1)] = "keyphrases"
    """A list of texts, or one text with separators between phrases."""
    image: Annotated[str, MinLen(1)] = "image"
    """Name or URL of the post's image."""
    created_at: Annotated[str, MinLen(1)] = "created_at"
    """When it was posted: ISO 8601, or seconds since 1970. Without a time zone it is taken as UTC."""
    lang: Annotated[str, MinLen(1)] = "lang"
    """Language code."""
    split_hint: Annotated[str, MinLen(1)] = "split"
    """`train`, `valid` or `test`, where the source is split already."""


@spec
class IngestSettings:
    """How posts are made of rows, whatever the source."""

    phrase_separator: Annotated[str, MinLen(1)] = ";"
    """Stands between the phrases of one text."""
    hashtags: HashtagSpec = HashtagSpec()
    """How hashtags become keyphrases; only with `keyphrases_from` hashtags."""
    labels_in_text: Literal["cut", "keep"] = "cut"
    """What happens where a keyphrase of the column stands in the text as a hashtag, which gives the answer away. cut:
    such a tag goes, inside a sentence its sign alone, as with `keyphrases_from` hashtags. keep: the text stays."""
    normalise: Literal["none", "tweet"] = "none"
    """tweet: raw tweets are rewritten as the published sets write them."""
    tweet: TweetNormalSpec = TweetNormalSpec()
    """The rules of that form; only with `normalise` tweet."""
    max_row_kib: Annotated[int, Ge(1), Le(65536)] = 1024
    """Longest row, in KiB; a longer one is quarantined."""
    max_keyphrases: Annotated[int, Ge(1), Le(100_000)] = 1000
    """Most keyphrases of a post; one with more is quarantined."""
    max_bad_share: Annotated[float, Ge(0.0), Le(1.0)] = 0.01
    """Largest share of quarantined rows; above it the ingest fails, once the table of them is written."""
    max_bad_images: Annotated[float, Ge(0.0), Le(1.0)] = 0.5
    """Largest share of image files that cannot be used, of those that are there; above it the ingest fails."""
    allow_empty: bool = False
    """Whether a source may have no row at all."""


@spec
class IngestSpec(IngestSettings):
    """How one source becomes posts: its layout, and the settings."""

    format: Format = "jsonl"
    """The layout of the source's files."""
    columns: Columns = Columns()
    """The source's names for the fields of a post."""
    keyphrases_from: Literal["column", "hashtags"] = "column"
    """Where the keyphrases stand: in a field of their own, or as hashtags in the text."""


@dataclass(frozen=True, kw_only=True)
class SourceFiles:
    """Where a source's files are. A fingerprint takes their hashes, not their paths."""

    posts: tuple[Path, ...]
    ocr: Path | None = None
    """Image words, line by line with the one file of posts."""
    attributes: Path | None = None
    """Image attributes, best first between blanks, line by line with the one file of posts."""
    images: Path | None = None
    """The folder of the image files."""
    id_prefix: str = ""
    """Before the line number of posts without an id of their own. Where there are several files of posts, or posts
    from earlier, the line number alone would be ambiguous, and an empty prefix stands for `<file name>:`."""
