"""The field of the image's vectors, fetched batch by batch. Axes: B posts, P cells, D numbers per cell."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmkp_core.classic.declaration import shown_image
from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, tensor


@dataclass(frozen=True, slots=True)
class CellTensors(Tensors):
    cells_BPD: Tensor
    """Zeros where there is no cell."""
    mask_BP: Tensor


class CellField(Field[CellTensors]):
    def __init__(self, inputs: FieldInputs) -> None:
        self._keys = [example.post.image_key for example in inputs.examples]
        self._features = inputs.features if shown_image(inputs.spec) else None
        self._numbers = inputs.cell_numbers

    def batch(self, rows: Numbers) -> CellTensors:
        if self._features is None:  # one masked cell of zeros stands for any image
            cells = np.zeros((len(rows), 1, self._numbers), dtype=np.float32)
            return CellTensors(tensor(cells), tensor(np.zeros((len(rows), 1), dtype=bool)))
        cells, mask = self._features.gather([self._keys[row] for row in rows])
        return CellTensors(tensor(cells), tensor(mask))
