"""What of a post a classic system reads."""

from typing import Annotated, Literal

from annotated_types import Ge, Le

from mmkp_core.spec import spec


@spec
class ReadSpec:
    """What of a post is read, besides the vectors of its image."""

    own_words: bool = True
    """The post's own text."""
    image_words: bool = True
    """The words found in the image, after the post's own."""
    cleaning: Literal["as_read", "cmkp"] = "as_read"
    """All of the image's words, or what the published rule of CMKP keeps of them: Latin words that training posts know,
    and none of an image that has fewer than three of more than three letters."""
    entities: bool = False
    """The image's visual entities, after those."""
    in_their_place: Literal["entities", "attributes", "random_words"] = "entities"
    """What stands where the entities would: they, the image's attributes, or five known words drawn at random."""
    parts: Literal["where_filled", "always"] = "where_filled"
    """A sign opens the image's words where there are any, or always; entities have theirs always."""
    part_vectors: bool = False
    """A learned vector is added to each word that tells text, image's words and entities apart."""
    least_match: Annotated[float, Ge(0), Le(1)] = 0.0
    """The image's words and entities are read where the data set's match score is at least this, or where it has
    none."""
    attributes: bool = False
    """The image's attribute words, for parts that join them."""
    longest: Annotated[int, Ge(1), Le(100_000)] = 2000
    """Words of a post that are read; the longest published post has 1,090."""
