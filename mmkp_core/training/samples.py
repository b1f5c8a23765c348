"""What the training loop is given: samples that it cuts into batches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from mmkp_core.training.batching import Indices

if TYPE_CHECKING:
    import torch


class Movable(Protocol):
    """A batch: tensors that move together."""

    def to(self, device: "torch.device") -> Self: ...


BatchT = TypeVar("BatchT", bound=Movable)
BatchT_co = TypeVar("BatchT_co", bound=Movable, covariant=True)


class Samples(Protocol[BatchT_co]):
    """Training or validation posts, ready to be cut into batches."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """What batches are sorted by, one figure per sample."""

    @property
    def keyphrases(self) -> Sequence[Sequence[str]]:
        """Those of each sample: the classes that are balanced."""

    def batch(self, indices: Indices) -> BatchT_co:
        """These samples as tensors on the CPU."""

    def names(self, indices: Indices) -> Sequence[str]:
        """What a person finds these samples by."""
