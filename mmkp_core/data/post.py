"""The records: a post, what was read from its image, and what a system predicts for it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One social-media post as its source gave it."""

    post_id: str
    """The source's own id, or the line number where the source has none."""
    text: str
    """The post's own words; words in its image live elsewhere, keyed by the image."""
    keyphrases: tuple[str, ...] = ()
    image: str | None = None
    """SHA-256 of the image's bytes, where the bytes were there."""
    image_ref: str | None = None
    """The name or URL that the source gave for the image."""
    source: str = ""
    line: int = 0
    split_hint: str | None = None
    """`train`, `valid` or `test` where the source says so."""
    created_at: datetime | None = None
    lang: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """The source's other columns; no code of ours reads them."""

    @property
    def image_key(self) -> str | None:
        """What everything derived from the image is keyed by; None for a post without an image."""
        return self.image or (image_key_of_ref(self.image_ref) if self.image_ref else None)


def image_key_of_ref(image_ref: str) -> str:
    """The key of an image whose bytes are not at hand: published sets often give only side files."""
    return "ref-" + hashlib.sha256(image_ref.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A post together with what was read from its image: what a system learns from and predicts on."""

    post: Post
    image_words: str = ""
    """Cleaned OCR words, blank-separated."""
    attributes: tuple[str, ...] = ()
    """Measured or given attribute words, best first."""
    entities: tuple[str, ...] = ()
    match: float | None = None
    """How well image and text go together, from 0 to 1, where the data set says."""
    rationale: str | None = None
    """An accepted rationale of the teacher, where there is one."""


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """Feature vectors of images, of each as many cells as it has."""

    matrix: npt.NDArray[np.floating[Any]]
    """[images, most cells, numbers], possibly a memory map; zeros stand behind an image's last cell."""
    rows: Mapping[str, int]
    """image key -> row of `matrix`"""
    cells: npt.NDArray[np.integer[Any]] | None = None
    """[images] how many cells an image has; None: every image has all."""

    @property
    def numbers(self) -> int:
        """Per cell."""
        return int(self.matrix.shape[2])

    def gather(self, keys: Sequence[str | None]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """[B, P, D] features and a [B, P] mask of the cells; an image that is missing is zeros and False."""
        most = self.matrix.shape[1]
        out = np.zeros((len(keys), *self.matrix.shape[1:]), dtype=np.float32)
        mask = np.zeros((len(keys), most), dtype=bool)
        places = [place for place, key in enumerate(keys) if key is not None and key in self.rows]
        found = [self.rows[key] for place in places if (key := keys[place]) is not None]
        if found:
            out[places] = self.matrix[found]
            mask[places] = True if self.cells is None else np.arange(most) < self.cells[found][:, None]
        return out, mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a model wrote for one post, where it writes its answer out."""

    text: str
    reasoning: str | None
    """None for an answer without reasoning."""
    tokens: int
    steps: int
    """Sentences of the reasoning; 0 without."""
    seconds: float
    """Of the batch in which it was written, divided by the posts in it."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Phrases for one post, best first."""

    post_id: str
    phrases: tuple[str, ...]
    scores: tuple[float, ...] = ()
    written: Written | None = None
