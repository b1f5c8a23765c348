"""What of a post a classic system reads."""

from typing import Annotated

from annotated_types import Ge, Le

from mmkp_core.spec import spec


@spec
class ReadSpec:
    """What of a post is read, besides the vectors of its image."""

    own_words: bool = True
    """The post's own text."""
    image_words: bool = True
    """The words found in the image, after the post's own."""
    entities: bool = False
    """The image's visual entities, after those."""
    attributes: bool = False
    """The image's attribute words, for parts that join them."""
    longest: Annotated[int, Ge(1), Le(100_000)] = 2000
    """Words of a post that are read; the longest published post has 1,090."""
