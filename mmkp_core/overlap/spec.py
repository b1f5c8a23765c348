"""The settings of a split."""

from dataclasses import fields
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from mmkp_core.spec import spec

Unit = Literal["word", "word3", "char3", "char5"]
ImageEvidence = Literal["structure", "structure and colour"]


Kind = Literal["given", "random", "clean", "purged", "unseen-labels", "temporal"]


@spec
class SplitSettings:
    """Shares of the parts, and what counts as too similar to be in two of them."""

    valid_share: Annotated[float, Ge(0), Le(0.9)] = 0.1
    """Share of the posts to validate on."""
    test_share: Annotated[float, Ge(0), Le(0.9)] = 0.1
    """Share of the posts to test on."""
    seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0
    """Another seed gives another split."""
    start: Literal["random", "given"] = "random"
    """What a clean or purged split starts from. random: parts drawn at random. given: the parts that the source states;
    only what leaks is moved or dropped."""
    fields: Literal["both", "text", "image"] = "both"
    """What is compared. both: posts are duplicates if their texts or their images are."""
    text_unit: Unit = "char3"
    """Pieces of text that are compared: words, three words, three or five characters in a row. On short posts with
    one word changed, words and char3 see 98 % and more at 0.7, word3 less than half."""
    text_threshold: Annotated[float, Gt(0), Le(1)] = 0.8
    """Texts are near-duplicates from this Jaccard similarity of their pieces; 1 only where the pieces are the same."""
    image_distance: Annotated[int, Ge(0), Le(31)] = 4
    """Images are near-duplicates up to this many differing bits of a 64-bit perceptual hash. Saving again or scaling
    changes 4 at most, cropping by a twentieth up to 10."""
    image_evidence: ImageEvidence = "structure and colour"
    """structure: the hash alone, which takes icons and products on a plain ground for duplicates. structure and colour:
    their colours are alike too, which misses duplicates whose colours were changed."""
    unseen_share: Annotated[float, Ge(0), Le(1)] = 0.3
    """Of the phrases of validation and test posts, the share that no training post has (unseen-labels)."""

    def of_kind(self, kind: Kind) -> "SplitSpec":
        return SplitSpec(kind=kind, **{f.name: getattr(self, f.name) for f in fields(SplitSettings)})


@spec
class SplitSpec(SplitSettings):
    """Training, validation and test parts of a data set, and what counts as too similar to be in two of them."""

    kind: Kind = "clean"
    """clean: at random, then every post in one part with its duplicates and near-duplicates. purged: test posts stay as
    they are, and posts that they duplicate are not trained on. unseen-labels: clean, and a share of the test phrases
    is never trained on. temporal: the newest posts are the test; near-duplicates of earlier posts are dropped. given:
    the parts that the source states. random: at random, duplicates across parts included."""
