"""Words, attributes, features and entities of a data set's images."""

from prefect import flow

from flows.stages import TASK_RUNNER, enrich_stage
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.teacher.spec import TeacherLimits
from mmkp_core.vision.attributes import AttributeSpec
from mmkp_core.vision.entities import EntitySpec
from mmkp_core.vision.features.files import FeatureSpec
from tasks.choices import Name
from tasks.names import resolve
from tasks.reading import ImageReading


@flow(task_runner=TASK_RUNNER)
def enrich(
    dataset: Name,
    ocr: OcrSpec = OcrSpec(),
    attributes: AttributeSpec = AttributeSpec(),
    features: FeatureSpec = FeatureSpec(),
    entities: EntitySpec = EntitySpec(),
    limits: TeacherLimits = TeacherLimits(),
    rebuild: bool = False,
) -> str:
    """Read what a data set's images hold; rows that are there already are reused.

    Args:
        dataset: Name of the data set.
        ocr: How words in images are read.
        attributes: What is measured of an image.
        features: The vectors that image systems learn from.
        entities: What a vision model names in them; off unless a model is given.
        limits: How fast that model is asked and how much may be spent.
        rebuild: Read again although it is there.
    """
    images = ImageReading(ocr=ocr, attributes=attributes, features=features, entities=entities)
    return str(enrich_stage(resolve("dataset", dataset), images, limits, dataset, rebuild))
