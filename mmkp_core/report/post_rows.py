"""Rows of a report about posts: examples with predictions, counts of the parts, images, overlap, quarantine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gold:
    phrase: str
    present: bool | None = None
    seen: bool | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    phrase: str
    right: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What one system predicts for one post, best first."""

    system: str
    guesses: tuple[Guess, ...]
    reasoning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleCard:
    post_id: str
    text: str
    gold: tuple[Gold, ...]
    answers: tuple[Answer, ...]
    thumbnail: bytes = b""
    """A small JPEG, see `thumbnails.py`; empty where the post has no image."""
    image_name: str = ""
    image_words: str = ""
    attributes: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    part: str = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRow:
    """One row of MM-MKP's data table, with both shares because that table's heading swaps them."""

    part: str
    posts: int
    tokens_per_post: float
    keyphrases_per_post: float
    distinct_keyphrases: int
    words_per_keyphrase: float
    present_share: float
    vocabulary: int

    @property
    def absent_share(self) -> float:
        return 1.0 - self.present_share


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRow:
    part: str
    posts: int
    with_image: int
    missing: int
    """Named by the post, but no bytes were found."""
    damaged: int
    with_words: int
    """OCR found words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRow:
    """What is seen in the images of how many posts: one rank of the commonest attributes and of the entities."""

    attribute: str = ""
    attribute_posts: int = 0
    entity: str = ""
    entity_posts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRow:
    """How well posts and images go together, where the data set says."""

    part: str
    posts: int
    """With a score."""
    above: int
    """Of them, those above `sections.data.SURE`."""
    tenths: tuple[int, ...]
    """Posts by score: below 0.1, below 0.2, ..., up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapRow:
    """How many test posts (or labels) meet something of the training side, before and after cleaning."""

    measure: str
    """`identical text`, `near text (word sets, Jaccard >= 0.8)`, `all labels seen`, ..."""
    before: int
    before_of: int
    after: int | None = None
    """None where the split was only measured, not cleaned."""
    after_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """Two posts that are too close to stand on different sides."""

    kind: str
    similarity: float
    train_id: str
    train_text: str
    test_id: str
    test_text: str
    verdict: str = ""
    """What became of the pair: `test post dropped`, `moved to train`, ..."""


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    reason: str
    rows: int
    example: str = ""
    """Where the first one stands and what it holds: `posts.jsonl:17: ...`"""
