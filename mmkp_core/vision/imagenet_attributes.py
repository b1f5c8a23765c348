"""Attribute words by EfficientNet-Lite0: the likeliest of ImageNet's thousand classes."""

from pathlib import Path
from typing import Any

from mmkp_core.identity import fingerprint
from mmkp_core.vision.attributes import Attributes, AttributeSpec
from mmkp_core.vision.decoding import DECODE_VERSION, Undecodable, decode
from mmkp_core.vision.pretrained import EFFICIENTNET_LITE0

ENGINE = "imagenet"
ATTRIBUTES_VERSION = 1  # raise it when the same image may give other words
MIDDLE = 0.875  # of the shorter side: what the network was measured on


class ImageNetAttributes:
    """Classes behind the interface of attribute engines."""

    name = ENGINE

    def __init__(self, spec: AttributeSpec) -> None:
        self._spec = spec
        self._network: Any = None
        self._names: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        weights = EFFICIENTNET_LITE0.sha256
        return fingerprint("attributes", self._spec, weights, ATTRIBUTES_VERSION, DECODE_VERSION)

    def open(self, kept: Path) -> None:
        if self._network is not None:
            return
        from torchvision.models import EfficientNet_B0_Weights

        from mmkp_core.vision.efficientnet import open_network

        self._names = tuple(EfficientNet_B0_Weights.DEFAULT.meta["categories"])
        self._network = open_network(kept)

    def attributes(self, image_key: str, source: bytes | Path) -> Attributes:
        import torch

        from mmkp_core.vision.efficientnet import pixels_of

        image = decode(source, bound=1024)
        if isinstance(image, Undecodable):
            return Attributes(image_key=image_key, engine=ENGINE, status=image.trouble)
        with torch.inference_mode():
            probable = self._network(pixels_of([image], MIDDLE)).softmax(1)[0].topk(self._spec.words)
        found = {
            self._names[place]: value
            for value, place in zip(probable.values.tolist(), probable.indices.tolist(), strict=True)
            if value >= self._spec.least
        }
        return Attributes(image_key=image_key, engine=ENGINE, status="ok", words=tuple(found), measures=found)
