"""Withholds a modality from posts, or gives them other posts' images: what a system is shown, whichever it is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from mmkp_core.data.post import Example
from mmkp_core.errors import WrongInput
from mmkp_core.learning import PredictionData
from mmkp_core.seeding import generator

Inputs = Literal["both", "text", "image", "shuffled-image"]


def select_inputs(data: PredictionData, inputs: Inputs, seed: int = 0) -> PredictionData:
    """`data` as a system is shown it; posts keep their ids, order and keyphrases.

    `shuffled-image` draws among the images of all posts given here, so it comes before posts are cut into parts.
    """
    match inputs:
        case "both":
            return data
        case "text":
            features = None if data.features is None else replace(data.features, rows={})
            examples = [without_image(example) for example in data.examples]
            return replace(data, examples=examples, features=features, images=None)
        case "image":
            return replace(data, examples=[without_text(example) for example in data.examples])
        case "shuffled-image":
            return replace(data, examples=with_shuffled_images(data.examples, seed))


def without_image(example: Example) -> Example:
    """The post without its image and without anything that was read from it."""
    return Example(post=replace(example.post, image=None, image_ref=None))


def without_text(example: Example) -> Example:
    """The post without its own text; a rationale speaks of the text, a match score of both: they go as well."""
    return replace(example, post=replace(example.post, text=""), match=None, rationale=None)


def with_shuffled_images(examples: Sequence[Example], seed: int) -> list[Example]:
    """Every post that has an image gets another one, with all that was read from that one; nobody keeps their own.

    Who gets whose depends on the seed and on which images there are, not on the order of the posts. Posts that share
    an image get the same other one.
    """
    givers = {example.post.image_key: example for example in reversed(examples)}
    others = _others(sorted(key for key in givers if key is not None), seed)
    return [
        example if (key := example.post.image_key) is None else _with_image_of(example, givers[others[key]])
        for example in examples
    ]


def _others(keys: Sequence[str], seed: int) -> dict[str, str]:
    """Each key's successor in a random circle, so that no key follows itself."""
    if len(keys) < 2:
        raise WrongInput(f"shuffled-image needs posts with at least two different images, these have {len(keys)}")
    circle = [keys[place] for place in generator(seed, "shuffled-image").permutation(len(keys))]
    return dict(zip(circle, [*circle[1:], *circle[:1]], strict=True))


def _with_image_of(example: Example, giver: Example) -> Example:
    """The words of one post with the image of another and all that was read from it; nobody says that they match."""
    own = example.post
    post = replace(own, image=giver.post.image, image_ref=giver.post.image_ref)
    return replace(giver, post=post, match=None, rationale=None)
