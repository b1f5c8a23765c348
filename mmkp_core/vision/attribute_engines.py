"""The table of attribute engines, and the interface that each fulfils."""

from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Protocol

from mmkp_core.vision.attributes import Attributes, AttributeSpec


class AttributeEngine(Protocol):
    """Images to attribute words; a network that names classes fits in here as well as a formula."""

    name: str

    def fingerprint(self) -> str:
        """Everything that can change a row, weights by their bytes."""

    def open(self, kept: Path) -> None:
        """Load what it needs; `kept` is a folder for weights that are converted once."""

    def attributes(self, image_key: str, source: bytes | Path) -> Attributes:
        """The row of one image; a bad image is a row that says so."""


ATTRIBUTE_ENGINES: Mapping[str, str] = {
    "measured": "mmkp_core.vision.measured_attributes:MeasuredAttributes",
    "imagenet": "mmkp_core.vision.imagenet_attributes:ImageNetAttributes",
}
"""Import path of each engine's class, made from an `AttributeSpec`, by the name that `attributes.engine` takes."""


def make_attribute_engine(spec: AttributeSpec) -> AttributeEngine:
    """The engine of `spec`, not open yet."""
    engine: AttributeEngine = resolve_name(ATTRIBUTE_ENGINES[spec.engine])(spec)
    return engine
