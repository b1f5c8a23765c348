"""What has to be said about a source so that its posts can be read? Nothing here loads a reader."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from annotated_types import Ge, Le, MinLen

from mmkp_core.data.hashtags import HashtagSpec
from mmkp_core.data.tweets import TweetNormalSpec
from mmkp_core.spec import spec

Format = Literal["cmkp", "mm-mkp", "aimkp", "trc", "jsonl", "csv", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)


@spec
class Columns:
    """The source's names for the fields of a post; only tables (jsonl, csv, parquet) have names.

    Of the default names only `text` must be there; a name given by the user must be there in any case.
    The source's other columns are kept together as `extra`.
    """

    post_id: Annotated[str, MinLen(1)] = "post_id"
    """The source's own id. A whole number is taken as its decimal text. Without one the line number is the id."""
    text: Annotated[str, MinLen(1)] = "text"
    """The post's own words."""
    keyphrases: Annotated[str, MinLen(1)] = "keyphrases"
    """A list of texts, or one text of phrases between separators."""
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
    """Between the phrases of a text that holds several."""
    hashtags: HashtagSpec = HashtagSpec()
    """How hashtags become keyphrases; without effect where they come from a column."""
    normalise: Literal["none", "tweet"] = "none"
    """Whether raw tweets are brought to the published token form."""
    tweet: TweetNormalSpec = TweetNormalSpec()
    """The rules of the published token form; without effect where nothing is normalised."""
    max_row_kib: Annotated[int, Ge(1), Le(65536)] = 1024
    """A longer row is no post; it goes to quarantine."""
    max_keyphrases: Annotated[int, Ge(1), Le(100_000)] = 1000
    """A post with more goes to quarantine."""
    max_bad_share: Annotated[float, Ge(0.0), Le(1.0)] = 0.01
    """Above this share of quarantined rows the ingest fails, after the table of them is written."""
    allow_empty: bool = False
    """Whether a source without any row is all right."""


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
    """Where a source's bytes are. None of it changes a spec's fingerprint: that takes the files' hashes."""

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
