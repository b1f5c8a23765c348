"""What can be chosen about an evaluation, and about the decision between champion and challenger."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from mmkp_core.spec import spec

ProtocolName = Literal["cmkp", "aimkp", "strict"]


@spec
class EvaluateSpec:
    """How predictions are scored."""

    protocol: Literal["cmkp", "aimkp", "strict", "all"] = "all"
    """Whose counting rules: `cmkp` of CMKP and MM-MKP, `aimkp` of AimKP, `strict` ours. Figures of two protocols are
    never comparable."""
    resamples: Annotated[int, Ge(0), Le(100_000)] = 10_000
    """Bootstrap resamples behind every interval; 0 for figures without intervals."""
    confidence: Annotated[float, Gt(0.5), Lt(1.0)] = 0.95
    """Share of the resamples that an interval covers."""
    seed: Annotated[int, Ge(0)] = 0
    """Seed of the resampling."""
    present_source: Literal["text", "text+words"] = "text"
    """Where a phrase must stand to count as present: in the post's text, or in the text followed by the image's
    words."""


@spec
class PromotionRule:
    """When a challenger takes the champion's place."""

    protocol: Literal["cmkp", "aimkp", "strict"] = "cmkp"
    """By whose rules both are scored."""
    metric: Literal["f1@1", "f1@3", "map@5"] = "f1@1"
    """The figure that is compared."""
    confidence: Annotated[float, Ge(0.5), Le(0.999)] = 0.95
    """Of the interval of the difference, which must lie above the least gain as a whole."""
    least_gain: Annotated[float, Ge(0), Le(1)] = 0.0
    """How much better the challenger must surely be."""
