"""Cells of torchvision's VGG-16, VGG-19 and ResNet-152: 7 x 7 of the last stage, of 512 or 2048 numbers.

The papers' image vectors: an image scaled whole to 224 x 224 and normalised as ImageNet is, and the network without its
classifier. CMKP and MM-MKP extract by VGG-16; the paper of MM-MKP says VGG-19.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.identity import fingerprint
from mmkp_core.spec import spec
from mmkp_core.vision.decoding import DECODE_VERSION, Decoded
from mmkp_core.vision.features.extractor import Floats
from mmkp_core.vision.pretrained import Fetched, pretrained

CELLS_VERSION = 1  # raise it when the same image may give other numbers
AT_ONCE = 16  # images
SIDE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Network:
    numbers: int
    file: str
    """By torchvision's name, which ends with the beginning of the file's SHA-256."""

    @property
    def sha256(self) -> str:
        return self.file.removesuffix(".pth").rsplit("-", 1)[1]


NETWORKS: Mapping[str, Network] = {
    "vgg16": Network(512, "vgg16-397923af.pth"),
    "vgg19": Network(512, "vgg19-dcbb9e9d.pth"),
    "resnet152": Network(2048, "resnet152-394f9c45.pth"),
}


@spec
class Weights:
    """Of a network of torchvision, pretrained on photographs; they are fetched once, by hand."""

    weights: str = ""
    """File of the weights; empty: where torch keeps what it downloads."""
    sha256: str = ""
    """How the file's SHA-256 begins, for weights of your own; empty: torchvision's."""


@spec
class Vgg16Spec(Weights):
    """VGG-16: 49 x 512."""

    kind: Literal["vgg16"] = "vgg16"
    """Name of the extractor."""


@spec
class Vgg19Spec(Weights):
    """VGG-19: 49 x 512."""

    kind: Literal["vgg19"] = "vgg19"
    """Name of the extractor."""


@spec
class ResNet152Spec(Weights):
    """ResNet-152: 49 x 2048."""

    kind: Literal["resnet152"] = "resnet152"
    """Name of the extractor."""


TorchvisionSpec = Vgg16Spec | Vgg19Spec | ResNet152Spec


class TorchvisionExtractor:
    """Every image, scaled whole to a square, has all the cells."""

    cells = 49
    bound = 1024

    def __init__(self, spec: TorchvisionSpec) -> None:
        if spec.sha256 and not spec.weights:
            raise WrongInput("sha256 belongs to weights of your own: name their file, weights=FILE")
        self._kind = spec.kind
        self._published = published(spec)
        self.numbers = NETWORKS[spec.kind].numbers
        self._network: Any = None

    def fingerprint(self) -> str:
        """The file's place is not part of it: its bytes are."""
        return fingerprint("torchvision", self._kind, self._published.sha256, CELLS_VERSION, DECODE_VERSION)

    def require_weights(self) -> None:
        self._published.path()

    def open(self, kept: Path) -> None:
        self._network = self._network or _network(self._kind, self._published, kept)

    def extract(self, images: list[Decoded]) -> list[Floats]:
        import torch

        device = next(self._network.parameters()).device
        cells: list[Floats] = []
        for start in range(0, len(images), AT_ONCE):
            pixels = torch.stack([_pixels(image) for image in images[start : start + AT_ONCE]])
            with torch.inference_mode():
                found_ND77 = self._network(pixels.to(device))
            cells += list(found_ND77.flatten(2).transpose(1, 2).cpu().numpy())
        return cells


def published(spec: TorchvisionSpec) -> Fetched:
    network = NETWORKS[spec.kind]
    file = spec.weights or f"~/.cache/torch/hub/checkpoints/{network.file}"
    fetch = f"curl --create-dirs -o {file} https://download.pytorch.org/models/{network.file}"
    return Fetched(file=file, sha256=spec.sha256 or network.sha256, fetch=fetch)


def _network(kind: str, weights: Fetched, kept: Path) -> Any:
    """Without the classifier, whose 120 million numbers are never made."""
    import torch
    from torchvision import models

    with torch.device("meta"):
        whole = getattr(models, kind)()
    tensors = pretrained(weights, kept)
    head = "classifier." if kind.startswith("vgg") else "fc."
    given = {name: tensor for name, tensor in tensors.items() if not name.startswith(head)}
    expected = {name: t.shape for name, t in whole.state_dict().items() if not name.startswith(head)}
    if {name: t.shape for name, t in given.items()} != expected:
        raise Mismatch(f"the weights {weights.path()} are not those of {kind}")
    whole.load_state_dict(given, strict=False, assign=True)
    pooled_at = -2  # of a ResNet's children: then come its pooling and its classifier
    network = whole.features if kind.startswith("vgg") else torch.nn.Sequential(*list(whole.children())[:pooled_at])
    return network.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def _pixels(image: Decoded) -> Any:
    """[3, 224, 224]"""
    import numpy as np
    import torch
    from PIL import Image

    scaled = Image.fromarray(image.rgb).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    rgb_HWC = (np.asarray(scaled, dtype=np.float32) / 255 - MEAN) / DEVIATION
    return torch.from_numpy(rgb_HWC.astype(np.float32)).permute(2, 0, 1)
