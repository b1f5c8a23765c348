"""Settings of a reference line."""

from typing import Annotated, Literal

from annotated_types import Ge, Le

from mmkp_core.spec import spec


@spec
class ReferenceSpec:
    """A predictor without training, which any trained system has to beat."""

    method: Literal["frequent", "neighbours", "mentioned"] = "neighbours"
    """frequent: the commonest training keyphrases, for every post. neighbours: those of the most similar training
    posts, by TF-IDF cosine. mentioned: training keyphrases that stand in the post, those first that were most often
    right where they stood."""
    neighbours: Annotated[int, Ge(1), Le(1000)] = 10
    """Training posts that vote."""
    image_words: bool = True
    """Read the words found in the image along with the post's own."""
    keep: Annotated[int, Ge(1), Le(50)] = 5
    """Phrases given for a post."""
