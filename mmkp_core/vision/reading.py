"""Reads one new post without a store: image words, attributes and features by the engines that read data sets.

Opened once, used for post after post; a service that predicts on demand keeps one.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.errors import Transient
from mmkp_core.vision.attribute_engines import make_attribute_engine
from mmkp_core.vision.attributes import AttributeSpec
from mmkp_core.vision.features.extractor import extract_features
from mmkp_core.vision.features.table import FeatureSpec, make_extractor
from mmkp_core.vision.ocr.engines import make_engine
from mmkp_core.vision.ocr.reading import read_image
from mmkp_core.vision.ocr.spec import OcrSpec


@dataclass(frozen=True, slots=True)
class ReadPost:
    """A post with what its image holds; what no engine was opened for is empty."""

    example: Example
    features: ImageFeatures | None
    """Of its image; without a row where there is none or it cannot be read. None without an extractor."""


class PostReader:
    """`with PostReader(work=folder, ocr=OcrSpec()) as reader: read = reader.read(post, image)`; for one thread."""

    def __init__(
        self,
        *,
        work: Path,
        ocr: OcrSpec | None = None,
        attributes: AttributeSpec | None = None,
        features: FeatureSpec | None = None,
    ) -> None:
        """`work` is a folder for files that the engines need while they are open."""
        self._work = work
        self._ocr = ocr
        self._engine = make_engine(ocr) if ocr else None
        self._attributes = make_attribute_engine(attributes) if attributes else None
        self._extractor = make_extractor(features) if features else None

    def __enter__(self) -> Self:
        if self._engine:
            self._engine.open(self._work)
        if self._attributes:
            self._attributes.open(self._work / "weights")
        if self._extractor:
            self._extractor.open(self._work / "weights")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine:
            self._engine.close()

    def read(self, post: Post, image: bytes | None) -> ReadPost:
        """The post as a system gets it; an image that cannot be read leaves words, attributes and features empty."""
        if image is None:
            return ReadPost(Example(post=post), self._features("", None))
        post = replace(post, image=hashlib.sha256(image).hexdigest())
        key = post.image_key or ""
        attributes = self._attributes.attributes(key, image).words if self._attributes else ()
        example = Example(post=post, image_words=self._words(key, image), attributes=attributes)
        return ReadPost(example, self._features(key, image))

    def _words(self, key: str, image: bytes) -> str:
        if self._engine is None or self._ocr is None:
            return ""
        reading = read_image(self._engine, self._ocr, key, image)
        if not reading.is_kept:
            raise Transient(f"the words of the image cannot be read now: {reading.detail}; try again")
        return reading.words

    def _features(self, key: str, image: bytes | None) -> ImageFeatures | None:
        """As half floats, as vectors are stored."""
        if self._extractor is None:
            return None
        return extract_features(self._extractor, [(key, image)] if image else []).features
