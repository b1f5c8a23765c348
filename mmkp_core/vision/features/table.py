"""The table of image feature extractors: a new one is its file, its spec in the union, and its row."""

from collections.abc import Mapping
from typing import Any

from mmkp_core.errors import UnknownName
from mmkp_core.imports import imported
from mmkp_core.spec import spec
from mmkp_core.vision.features.efficientnet_cells import EfficientNetSpec
from mmkp_core.vision.features.extractor import Extractor
from mmkp_core.vision.features.grid import GridSpec
from mmkp_core.vision.features.torchvision_cells import ResNet152Spec, Vgg16Spec, Vgg19Spec

ExtractorSpec = GridSpec | EfficientNetSpec | Vgg16Spec | Vgg19Spec | ResNet152Spec
"""The spec of any extractor; `kind` is its name, under which its vectors stand as `features/<kind>`."""

_TORCHVISION = "mmkp_core.vision.features.torchvision_cells:TorchvisionExtractor"

EXTRACTORS: Mapping[str, tuple[type[Any], str]] = {
    "grid": (GridSpec, "mmkp_core.vision.features.grid:GridExtractor"),
    "efficientnet-lite0": (
        EfficientNetSpec,
        "mmkp_core.vision.features.efficientnet_cells:EfficientNetExtractor",
    ),
    "vgg16": (Vgg16Spec, _TORCHVISION),
    "vgg19": (Vgg19Spec, _TORCHVISION),
    "resnet152": (ResNet152Spec, _TORCHVISION),
}
"""Name -> its spec, and where the extractor is; it is made from the spec alone."""


@spec
class FeatureSpec:
    """What image models see of an image."""

    extractor: ExtractorSpec = GridSpec()
    """`grid` needs no weights: edge directions and colours per cell. `efficientnet-lite0` knows photographs.
    `vgg16`, `vgg19` and `resnet152` want weights that are fetched once."""

    @property
    def enrichment(self) -> str:
        """The kind of enrichment that its vectors are."""
        return f"features/{self.extractor.kind}"

    def of(self, extractor: str) -> "FeatureSpec":
        """These settings where they are of that extractor, else its own as they are by default."""
        if self.extractor.kind == extractor:
            return self
        if extractor not in EXTRACTORS:
            raise UnknownName("extractor", extractor, EXTRACTORS)
        made, _ = EXTRACTORS[extractor]
        return FeatureSpec(extractor=made())


def make_extractor(spec: FeatureSpec) -> Extractor:
    """An extractor that is not open yet, small enough to be sent to another process."""
    _, path = EXTRACTORS[spec.extractor.kind]
    made: Extractor = imported(path)(spec.extractor)
    return made
