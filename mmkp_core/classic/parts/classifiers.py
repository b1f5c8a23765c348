"""Classifiers: how the fused vector of a post chooses among the training phrases."""

from collections.abc import Mapping
from typing import Any, Literal

from mmkp_core.spec import spec


@spec
class LinearClassifierSpec:
    """One linear layer."""

    kind: Literal["linear"] = "linear"
    """Which classifier."""


@spec
class TwoLayerClassifierSpec:
    """Two linear layers with a ReLU and dropout between them."""

    kind: Literal["two_layer"] = "two_layer"
    """Which classifier."""


ClassifierSpec = LinearClassifierSpec | TwoLayerClassifierSpec

CLASSIFIERS: Mapping[type[Any], str] = {
    LinearClassifierSpec: "mmkp_core.classic.blocks.linear_classifier:LinearClassifier",
    TwoLayerClassifierSpec: "mmkp_core.classic.blocks.two_layer_classifier:TwoLayerClassifier",
}
"""Spec -> its block."""
