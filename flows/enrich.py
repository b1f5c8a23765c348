"""Words, attributes and features of a data set's images."""

from prefect import flow

from flows.stages import TASK_RUNNER, enrich_stage
from mmkp_core.ocr.spec import OcrSpec
from mmkp_core.visual.attributes import AttributeSpec
from mmkp_core.visual.features import FeatureSpec
from tasks.choices import Name
from tasks.names import resolve


@flow(task_runner=TASK_RUNNER)
def enrich(
    dataset: Name,
    ocr: OcrSpec = OcrSpec(),
    attributes: AttributeSpec = AttributeSpec(),
    features: FeatureSpec = FeatureSpec(),
    rebuild: bool = False,
) -> str:
    """Read what a data set's images hold; rows that are there already are reused.

    Args:
        dataset: Name of the data set.
        ocr: How words in images are read.
        attributes: What is measured of an image.
        features: The vectors that image systems learn from.
        rebuild: Read again although it is there.
    """
    return str(enrich_stage(resolve("dataset", dataset), ocr, attributes, features, dataset, rebuild))
