"""The classifier of one linear layer."""

from typing import ClassVar

from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField
from mmkp_core.classic.blocks.block import Classifier, Sizes
from mmkp_core.classic.fields.labels import LabelField
from mmkp_core.classic.parts.classifiers import LinearClassifierSpec


class LinearClassifier(Classifier):
    fields: ClassVar[tuple[AnyField, ...]] = (LabelField,)

    def __init__(self, spec: LinearClassifierSpec, sizes: Sizes) -> None:
        super().__init__()
        self.linear = nn.Linear(sizes.hidden, sizes.classes)

    def forward(self, fused_BH: Tensor) -> Tensor:
        logits_BC: Tensor = self.linear(fused_BH)
        return logits_BC
