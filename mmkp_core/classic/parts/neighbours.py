"""Neighbours: training posts that resemble a post, and what their keyphrases are worth to it."""

from collections.abc import Mapping
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le

from mmkp_core.spec import spec


@spec
class NeighbourSpec:
    """The writer can copy keyphrases of training posts: of the nearest ones, and those that the post mentions."""

    posts: Annotated[int, Ge(1), Le(1000)] = 30
    """Nearest posts that are asked, by their words and, where image vectors are read, as many by those."""
    phrases: Annotated[int, Ge(1), Le(200)] = 20
    """Keyphrases that can be copied."""
    near_copy: Annotated[float, Gt(0), Le(1)] = 0.9
    """In training a post learns nothing from itself, nor from a post of this cosine or more."""
    inner: Annotated[int, Ge(1), Le(1024)] = 32
    """Numbers in the middle of what makes a keyphrase's weight of the facts about it."""


NEIGHBOURS: Mapping[type[Any], str] = {NeighbourSpec: "mmkp_core.classic.blocks.neighbours:Neighbours"}
"""Spec -> its block."""
