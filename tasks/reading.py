"""How a data set's images are read: what an enrichment is made by, and what a run's own posts are read with again."""

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from mmkp_core.identity import ArtifactRef
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.vision.attributes import AttributeSpec
from mmkp_core.vision.entities import EntitySpec
from mmkp_core.vision.features.files import FeatureSpec
from tasks.examples import plain
from tasks.store import open_store


@dataclass(frozen=True, kw_only=True)
class ImageReading:
    """Words, attributes, vectors and entities; the defaults need no network and no weights."""

    ocr: OcrSpec = field(default=OcrSpec())
    attributes: AttributeSpec = field(default=AttributeSpec())
    features: FeatureSpec = field(default=FeatureSpec())
    entities: EntitySpec = field(default=EntitySpec())


def reading_of(run: ArtifactRef) -> ImageReading:
    """How the images were read that `run` learned from; those it predicts on are read the same way."""
    return recorded_reading(ArtifactRef.parse(open_store().require(run).facts["enriched"]))


def chosen_reading(dataset: str) -> ImageReading:
    """How the images of the data set of that name, or of an earlier version of it, were last asked to be read."""
    enriched = open_store().names.get(f"enriched/{dataset}")
    return recorded_reading(enriched) if enriched else ImageReading()


def recorded_reading(enriched: ArtifactRef) -> ImageReading:
    return TypeAdapter(ImageReading).validate_python(plain(open_store().require(enriched).spec["reading"]))
