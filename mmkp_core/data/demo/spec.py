"""The settings of the generator."""

from typing import Annotated

from annotated_types import Ge, Le

from mmkp_core.spec import spec


@spec
class DemoSpec:
    """Generated posts: about a hundred keyphrases, an image each, and the untidiness of real posts."""

    posts: Annotated[int, Ge(1), Le(10_000_000)] = 1200
    """How many posts. 1,200 are what a small model needs to learn the drawn shapes."""
    seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0
    """Another seed gives other posts."""
    first: Annotated[int, Ge(0), Le(10_000_000)] = 0
    """Number of the first post: a later batch of the same stream begins where the last one ended."""
    raw: bool = False
    """Posts as they come from a platform: keyphrases are hashtags in the text, beside links and mentions."""
    images: bool = True
    """Draw an image for every post. Without images the phrases that only an image shows cannot be found."""
    drawings: Annotated[int, Ge(0), Le(10_000)] = 0
    """Different drawings of one motif, shared between posts (load tests); 0 draws every post an image of its own."""
