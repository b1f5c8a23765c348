"""Vectors of EfficientNet-Lite0 on ImageNet: 7 x 7 cells of the last stage, 320 numbers each."""

from pathlib import Path
from typing import Any, Literal

from mmkp_core.identity import fingerprint
from mmkp_core.spec import spec
from mmkp_core.vision.decoding import DECODE_VERSION, Decoded
from mmkp_core.vision.features.extractor import Floats
from mmkp_core.vision.pretrained import EFFICIENTNET_LITE0

CELLS_VERSION = 1  # raise it when the same image may give other numbers
AT_ONCE = 16  # images


@spec
class EfficientNetSpec:
    """A network pretrained on photographs; its weights come in a package, with no download."""

    kind: Literal["efficientnet-lite0"] = "efficientnet-lite0"
    """Name of the extractor."""


class EfficientNetExtractor:
    """Every image, scaled whole to a square, has all the cells."""

    cells = 49
    numbers = 320
    bound = 1024

    def __init__(self, spec: EfficientNetSpec) -> None:
        self._spec = spec
        self._network: Any = None

    def fingerprint(self) -> str:
        weights = EFFICIENTNET_LITE0.sha256
        return fingerprint("efficientnet-lite0", self._spec, weights, CELLS_VERSION, DECODE_VERSION)

    def require_weights(self) -> None:
        EFFICIENTNET_LITE0.path()

    def open(self, kept: Path) -> None:
        from mmkp_core.vision.efficientnet import open_network

        self._network = self._network or open_network(kept)

    def extract(self, images: list[Decoded]) -> list[Floats]:
        import torch

        from mmkp_core.vision.efficientnet import pixels_of

        cells: list[Floats] = []
        for start in range(0, len(images), AT_ONCE):
            with torch.inference_mode():
                found_NC77 = self._network.cells(pixels_of(images[start : start + AT_ONCE]))
            cells += list(found_NC77.flatten(2).transpose(1, 2).numpy())
        return cells
