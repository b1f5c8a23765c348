"""The settings by which a data set's images are read, one part a kind of enrichment."""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from mmkp_core.spec import load, spec
from mmkp_core.vision.attributes import AttributeSpec
from mmkp_core.vision.entities import EntitySpec
from mmkp_core.vision.features.table import FeatureSpec
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.vision.signatures import SignatureSpec


@spec
class GivenSpec:
    """What comes with the posts and is made by nobody here: nothing about it can be chosen."""


@spec
class EnrichSpec:
    """Words, attributes, vectors and entities of images; the defaults need no network and no weights."""

    ocr: OcrSpec = field(default=OcrSpec())
    """How words in images are read."""
    attributes: AttributeSpec = field(default=AttributeSpec())
    """What is measured of an image."""
    features: FeatureSpec = field(default=FeatureSpec())
    """The vectors that image systems learn from."""
    entities: EntitySpec = field(default=EntitySpec())
    """What a vision model names in images; off unless a model is given."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of enrichment that these settings ask for."""
        named = ("entities",) if self.entities.model else ()
        return ("ocr", "attributes", self.features.enrichment, *named)

    def part(self, kind: str) -> Any:
        """The settings of one kind."""
        if kind == "signatures":
            return SignatureSpec()
        if kind == "matches":
            return GivenSpec()
        name, _, extractor = kind.partition("/")
        return self.features.of(extractor) if name == "features" else getattr(self, name)

    def with_recorded(self, kind: str, document: Mapping[str, Any]) -> "EnrichSpec":
        """These settings with those of one kind as a record holds them."""
        name = kind.partition("/")[0]
        if name in ("signatures", "matches"):
            return self
        return replace(self, **{name: load(type(getattr(self, name)), document)})
