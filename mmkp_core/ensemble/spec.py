"""The spec of an ensemble."""

from typing import Annotated

from annotated_types import Ge, Gt, Le

from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.reference.spec import ReferenceSpec
from mmkp_core.spec import spec


@spec
class MemberSpec:
    """A system of an ensemble."""

    name: str
    """By which its settings are changed, and under which its model lies."""
    system: ClassicSpec | ReferenceSpec
    """What it is; its own answers are those of its first head."""


@spec
class EnsembleSpec:
    """Systems trained on the same posts; the phrases of all are ranked by what the validation posts teach of them."""

    members: tuple[MemberSpec, ...]
    """The systems; each decides by its own `keep` how many phrases it brings."""
    shrink: Annotated[float, Gt(0)] = 10.0
    """How strongly the weights of the ranking are held near zero."""
    keep: Annotated[int, Ge(1), Le(50)] = 5
    """Phrases given for a post."""
