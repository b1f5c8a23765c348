"""How a data set's images are read: what an enrichment is made by, and what a run's own posts are read with again."""

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from mmkp_core.identity import ArtifactRef
from mmkp_core.ocr.spec import OcrSpec
from mmkp_core.visual.attributes import AttributeSpec
from mmkp_core.visual.entities import EntitySpec
from mmkp_core.visual.features import FeatureSpec
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
    store = open_store()
    recorded = store.require(ArtifactRef.parse(store.require(run).facts["enriched"])).spec["reading"]
    return TypeAdapter(ImageReading).validate_python(plain(recorded))
