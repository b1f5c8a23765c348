"""What can be chosen about an evaluation?"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

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
