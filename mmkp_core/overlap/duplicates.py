"""Finds duplicate posts by five measures, of text and of image.

    identical_text      equal overlap forms: letters and digits, folded and lower-cased
    near_text           Jaccard of shingle sets at or above a threshold; identical ones included
    identical_image     the same bytes
    near_image          perceptual hashes at most so many bits apart; the same bytes included
    shared_image_name   the same name or URL in the source

Every pair is found: nothing is sampled, hashed away or left to chance. A text without letters and digits, a post
without an image and a plain image are duplicates of nothing.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np

from mmkp_core.data.post import Post
from mmkp_core.overlap.forms import overlap_forms
from mmkp_core.overlap.hash_joins import near_hashes, near_hashes_across
from mmkp_core.overlap.joins import similar_sets, similar_sets_across
from mmkp_core.overlap.shingles import shingle_sets
from mmkp_core.overlap.similarity import Floats, Ints, Mask, Similarity, equal_keys
from mmkp_core.overlap.spec import ImageEvidence, Unit
from mmkp_core.vision.signatures import ImageSignature

Measure = Literal["identical_text", "near_text", "identical_image", "near_image", "shared_image_name"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

COLOUR_STEPS = 8
"""Of 255, in any cell and channel: re-saved copies differ by at most 4, icons of another colour by 14 and more."""


Duplicates = Mapping[Measure, Similarity]
"""Which posts are alike, by every measure; positions are those of the posts given."""


def find_duplicates(
    posts: Sequence[Post],
    unit: Unit,
    threshold: float,
    signatures: Mapping[str, ImageSignature],
    distance: int,
    evidence: ImageEvidence = "structure",
    across: Mask | None = None,
) -> Duplicates:
    """Duplicates among `posts`; with `across`, only between those that are and those that are not in the mask."""
    texts = [post.text for post in posts]
    return {
        "identical_text": identical_texts(texts),
        "near_text": near_texts(texts, unit, threshold, across),
        "identical_image": equal_keys([post.image for post in posts]),
        "near_image": near_images(posts, signatures, distance, evidence, across),
        "shared_image_name": equal_keys([post.image_ref or None for post in posts]),
    }


def unit_of_score(measure: Measure, unit: Unit) -> str:
    """What the score of a pair counts: Jaccard of a text unit, differing bits, or 1 for equal things."""
    match measure:
        case "near_text":
            return unit
        case "near_image":
            return "bits"
        case _:
            return "equal"


def identical_texts(texts: Sequence[str]) -> Similarity:
    forms = overlap_forms(texts)
    data = forms.data.tobytes()
    starts = forms.starts.tolist()
    return equal_keys([data[a:b] or None for a, b in itertools.pairwise(starts)])


def near_texts(texts: Sequence[str], unit: Unit, threshold: float, across: Mask | None = None) -> Similarity:
    sets = shingle_sets(overlap_forms(texts), unit)
    if across is None:
        pairs = similar_sets(sets, threshold)
    else:
        pairs = similar_sets_across(sets, _groups_of(sets.group, ~across), _groups_of(sets.group, across), threshold)
    return _undirected(sets.group, pairs.left, pairs.right, pairs.jaccard, equal=1.0)


def near_images(
    posts: Sequence[Post],
    signatures: Mapping[str, ImageSignature],
    distance: int,
    evidence: ImageEvidence = "structure",
    across: Mask | None = None,
) -> Similarity:
    """Scores are numbers of differing bits. Images without a signature are alike where their bytes are."""
    coloured = evidence == "structure and colour"
    keys: list[tuple[int, bytes] | str | None] = []
    for post in posts:
        signature = signatures.get(post.image_key) if post.image_key else None
        if signature is None or signature.structure is None:
            keys.append(post.image)
        else:
            keys.append((signature.structure, signature.colours if coloured else b""))
    groups = equal_keys(keys)
    signed = [key for key in dict.fromkeys(keys) if isinstance(key, tuple)]
    group_of = dict(zip(keys, groups.group.tolist(), strict=True))
    numbers = np.array([group_of[key] for key in signed], np.int64)
    hashes = np.array([structure for structure, _ in signed], np.uint64)
    colours = np.array([np.frombuffer(cells, np.uint8) for _, cells in signed], np.uint8).reshape(
        len(signed), 48 if coloured else 0
    )
    if across is None:
        near = near_hashes(hashes, colours, distance, COLOUR_STEPS)
        left, right = numbers[near.left], numbers[near.right]
    else:
        lefts = np.flatnonzero(np.isin(numbers, groups.group[~across]))
        rights = np.flatnonzero(np.isin(numbers, groups.group[across]))
        near = near_hashes_across(
            hashes[lefts], colours[lefts], hashes[rights], colours[rights], distance, COLOUR_STEPS
        )
        left, right = numbers[lefts[near.left]], numbers[rights[near.right]]
    return _undirected(groups.group, left, right, near.bits.astype(np.float64), equal=0.0)


def _groups_of(group: Ints, records: Mask) -> Ints:
    """The groups that at least one of the records has."""
    found = group[records]
    return np.unique(found[found >= 0])


def _undirected(group: Ints, left: Ints, right: Ints, score: Floats, equal: float) -> Similarity:
    """Each pair of different groups once: of two groups that stand on both sides, a join finds both directions."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    _, first = np.unique(low * (int(group.max(initial=0)) + 1) + high, return_index=True)
    first = first[low[first] != high[first]]
    return Similarity(group, low[first], high[first], score[first], equal)
