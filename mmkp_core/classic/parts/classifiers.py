"""Classifiers: how the fused vector of a post chooses among the training phrases."""

from collections.abc import Mapping
from typing import Any, Literal

from mmkp_core.spec import spec


@spec
class LinearClassifierSpec:
    """One linear layer."""

    kind: Literal["linear"] = "linear"
    """Which classifier."""


ClassifierSpec = LinearClassifierSpec

CLASSIFIERS: Mapping[type[Any], str] = {
    LinearClassifierSpec: "mmkp_core.classic.blocks.linear_classifier:LinearClassifier",
}
"""Spec -> its block."""
