"""The classifier of two layers."""

from typing import ClassVar

from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField
from mmkp_core.classic.blocks.block import Classifier, Sizes
from mmkp_core.classic.fields.labels import LabelField
from mmkp_core.classic.parts.classifiers import TwoLayerClassifierSpec


class TwoLayerClassifier(Classifier):
    fields: ClassVar[tuple[AnyField, ...]] = (LabelField,)

    def __init__(self, spec: TwoLayerClassifierSpec, sizes: Sizes) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(sizes.hidden, sizes.hidden),
            nn.ReLU(),
            nn.Dropout(sizes.dropout),
            nn.Linear(sizes.hidden, sizes.classes),
        )

    def forward(self, fused_BH: Tensor) -> Tensor:
        logits_BC: Tensor = self.layers(fused_BH)
        return logits_BC
