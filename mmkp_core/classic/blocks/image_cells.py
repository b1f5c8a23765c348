"""The cells of an image, standardised on the training images and projected.

Axes: B posts, P cells, D numbers per cell, H hidden.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.block import ImageSide, ImageStates, Sizes
from mmkp_core.classic.declaration import shown_image
from mmkp_core.classic.fields.cells import CellField
from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.data.post import ImageFeatures

TOGETHER = 1024  # images whose numbers are added up at once: features may be a memory map larger than memory


class ImageCells(ImageSide):
    fields: ClassVar[tuple[AnyField, ...]] = (CellField,)
    mean_D: Tensor
    deviation_D: Tensor

    def __init__(self, spec: ImageSpec, sizes: Sizes) -> None:
        super().__init__()
        self.project = nn.Linear(sizes.cell_numbers, sizes.hidden)
        self.register_buffer("mean_D", torch.zeros(sizes.cell_numbers))
        self.register_buffer("deviation_D", torch.ones(sizes.cell_numbers))

    def forward(self, batch: ClassicBatch) -> ImageStates:
        given = batch[CellField]
        cells_BPD = (given.cells_BPD - self.mean_D) / self.deviation_D
        return ProjectedCells(cells_BPD * given.mask_BP.unsqueeze(-1), given.mask_BP, self.project)

    def prepare(self, train: FieldInputs) -> None:
        if train.features is None or shown_image(train.spec) is None:
            return
        keys = list(dict.fromkeys(example.post.image_key for example in train.examples))
        found = scale(train.features, [key for key in keys if key in train.features.rows])
        if found:
            self.mean_D.copy_(torch.from_numpy(found[0]))
            self.deviation_D.copy_(torch.from_numpy(found[1]))


@dataclass(frozen=True, slots=True)
class ProjectedCells(ImageStates):
    raw_BPD: Tensor
    mask_BP: Tensor
    project: nn.Linear

    def cells(self) -> Tensor:
        cells_BPH: Tensor = self.project(self.raw_BPD)
        return cells_BPH

    def mean(self) -> Tensor:
        count_B1 = self.mask_BP.sum(1, keepdim=True).clamp(min=1)
        mean_BH: Tensor = self.project(self.raw_BPD.sum(1) / count_B1)  # it is linear: the mean of its results
        return mean_BH

    def of(self, row_B: Tensor) -> "ProjectedCells":
        return ProjectedCells(self.raw_BPD[row_B], self.mask_BP[row_B], self.project)


def scale(features: ImageFeatures, keys: list[str | None]) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean and deviation [D] of each number over the cells of these images; None without a cell."""
    total = np.zeros(features.numbers)
    squares = np.zeros_like(total)
    count = 0
    for start in range(0, len(keys), TOGETHER):
        cells_BPD, mask_BP = features.gather(keys[start : start + TOGETHER])
        part = cells_BPD.astype(np.float64)
        total += part.sum((0, 1))
        squares += (part * part).sum((0, 1))
        count += int(mask_BP.sum())
    if not count:
        return None
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
    deviation[deviation < 1e-6] = 1.0  # a number that never varies says nothing
    return mean, deviation
