"""What can be chosen about a split?"""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from mmkp_core.spec import spec

Unit = Literal["word", "word3", "char3", "char5"]
ImageEvidence = Literal["structure", "structure and colour"]


@spec
class SplitSpec:
    """Training, validation and test parts of a data set, and what counts as too alike to stand in two of them."""

    kind: Literal["given", "random", "clean", "purged", "unseen-labels", "temporal"] = "clean"
    """clean: random, then no post in two parts with its copies and near-copies. purged: the test posts stay as they
    are, and posts that they are copies of are not trained on. unseen-labels: clean, and a share of the test phrases is
    never trained on. temporal: the newest posts are the test; near-copies of earlier posts are
    dropped. given: the parts that the source states, as they are. random: as it falls, leaks and all."""
    valid_share: Annotated[float, Ge(0), Le(0.9)] = 0.1
    """Share of the posts to validate on."""
    test_share: Annotated[float, Ge(0), Le(0.9)] = 0.1
    """Share of the posts to test on."""
    seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0
    """Another seed, another split."""
    start: Literal["random", "given"] = "random"
    """What a clean or purged split starts from. given: the parts that the source states; only what leaks is moved or
    dropped."""
    fields: Literal["both", "text", "image"] = "both"
    """What is compared: posts are copies if either is."""
    text_unit: Unit = "char3"
    """Pieces of text that near-copies share: words, three words, three or five characters in a row. On short posts with
    one word changed, words and char3 see 98 % and more at 0.7, word3 less than half."""
    text_threshold: Annotated[float, Gt(0), Le(1)] = 0.8
    """Texts are near-copies from this Jaccard similarity of their pieces; 1 only where the pieces are the same."""
    image_distance: Annotated[int, Ge(0), Le(31)] = 4
    """Images are near-copies up to this many differing bits of a 64-bit perceptual hash. Saving again or scaling
    changes 4 at most, cropping by a twentieth up to 10."""
    image_evidence: ImageEvidence = "structure and colour"
    """structure: the hash alone, which takes icons and products on a plain ground for copies of each other. structure
    and colour: their colours are alike too, which lets copies through whose colours were changed."""
    unseen_share: Annotated[float, Ge(0), Le(1)] = 0.3
    """Of the phrases of validation and test posts, the share that no training post has (unseen-labels)."""
