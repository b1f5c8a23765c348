"""The field of the match scores that a data set states. Axes: B posts."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmkp_core.classic.fields.field import Field, FieldInputs, Numbers, Tensors, tensor

UNKNOWN = 0.5


@dataclass(frozen=True, slots=True)
class MatchTensors(Tensors):
    score_B: Tensor
    """0: image and text have nothing to do with one another; 1: they go together; 0.5 where nobody says."""
    known_B: Tensor


class MatchField(Field[MatchTensors]):
    def __init__(self, inputs: FieldInputs) -> None:
        scores = [example.match for example in inputs.examples]
        self._known = np.array([score is not None for score in scores], dtype=bool)
        self._scores = np.array([UNKNOWN if score is None else score for score in scores], dtype=np.float32)

    def batch(self, rows: Numbers) -> MatchTensors:
        return MatchTensors(tensor(self._scores[rows]), tensor(self._known[rows]))
