"""Matching: how well a post and its image go together, as a whole and cell by cell, and what is filtered by it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from mmkp_core.spec import spec


@spec
class MatchingSpec:
    """The noise filter of MM-MKP: cells of an image that do not go with the text weigh less."""

    whole: Literal["learned", "given", "none"] = "learned"
    """Whether the image as a whole goes with the text: learned, as the data set's match score says, or not asked."""
    regions: bool = True
    """Compare the text with each cell."""
    asks: Literal["text", "image"] = "text"
    """Which of the two asks the other whether they match: the text (paper), or the image's mean (release)."""
    joined: Literal["added", "averaged"] = "added"
    """A cell's score is the sum of its likeness to the text and the match of the whole (paper), or half of it, scaled
    by the square root of the numbers in a head (release)."""
    heads: Annotated[int, Ge(1), Le(64)] = 4
    """Heads of the attention that asks."""
    head_size: Annotated[int, Ge(1), Le(1024)] = 128
    """Numbers per head."""
    shared: Annotated[int, Ge(1), Le(4096)] = 128
    """Numbers in which text and cells are compared."""
    inner: Annotated[int, Ge(1), Le(1024)] = 16
    """Numbers in the middle of what turns a cell's score into its weight; the release has 1."""


MATCHINGS: Mapping[type[Any], str] = {MatchingSpec: "mmkp_core.classic.blocks.matching:Matching"}
"""Spec -> its block."""
