"""What is withheld from a system, or swapped, whichever system it is."""

from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.inputs import Inputs, select_inputs
from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.errors import WrongInput
from mmkp_core.learning import PredictionData


def example(number: int, image: str | None) -> Example:
    """A post whose image is named `image`; everything read from that image bears its name."""
    post = Post(
        post_id=str(number),
        text=f"text {number}",
        keyphrases=(f"gold {number}",),
        image=image,
        image_ref=f"{image}.jpg" if image else None,
    )
    if image is None:
        return Example(post=post)
    return Example(
        post=post,
        image_words=f"words {image}",
        attributes=(f"attribute {image}",),
        entities=(f"entity {image}",),
        rationale=f"rationale {number} {image}",
    )


def data_of(*images: str | None) -> PredictionData:
    keys = sorted({image for image in images if image})
    return PredictionData(
        [example(number, image) for number, image in enumerate(images)],
        ImageFeatures(np.arange(1.0, len(keys) + 1)[:, None, None], {key: row for row, key in enumerate(keys)}),
        lambda key: key.encode(),
    )


IMAGES = st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=1, max_size=12)
SHUFFLED = IMAGES.filter(lambda images: len(set(images) - {None}) > 1)


@given(IMAGES, st.sampled_from(["both", "text", "image"]))
def test_posts_keep_their_ids_their_order_and_their_keyphrases(images: list[str | None], inputs: Inputs) -> None:
    given, shown = data_of(*images), select_inputs(data_of(*images), inputs)

    assert [e.post.post_id for e in shown.examples] == [e.post.post_id for e in given.examples]
    assert [e.post.keyphrases for e in shown.examples] == [e.post.keyphrases for e in given.examples]


def test_both_is_everything() -> None:
    data = data_of("a", None, "b")

    assert select_inputs(data, "both") is data


def test_text_is_a_post_that_never_had_an_image() -> None:
    shown = select_inputs(data_of("a", None), "text")

    assert list(shown.examples) == [
        Example(post=Post(post_id="0", text="text 0", keyphrases=("gold 0",))),
        Example(post=Post(post_id="1", text="text 1", keyphrases=("gold 1",))),
    ]
    assert shown.images is None


def test_text_leaves_no_feature_to_be_found_and_keeps_their_shape() -> None:
    """A system that looks at images gets the masked zero image of a post without one."""
    shown = select_inputs(data_of("a", "b"), "text")

    assert shown.features is not None
    vectors, mask = shown.features.gather(["a", "b"])
    assert vectors.shape == (2, 1, 1)
    assert not vectors.any()
    assert not mask.any()


def test_text_of_posts_without_features_asks_for_none() -> None:
    assert select_inputs(replace(data_of("a"), features=None), "text").features is None


def test_image_withholds_the_posts_own_text_and_nothing_of_its_image() -> None:
    data = data_of("a", None)
    shown = select_inputs(data, "image")

    assert [e.post.text for e in shown.examples] == ["", ""]
    first = shown.examples[0]
    assert (first.image_words, first.attributes, first.entities) == ("words a", ("attribute a",), ("entity a",))
    assert first.rationale is None, "it may quote the text"
    assert first.post.image_key == "a"
    assert (shown.features, shown.images) == (data.features, data.images)


@given(SHUFFLED, st.integers(0, 5))
def test_shuffled_nobody_keeps_their_own_image_and_all_that_was_read_from_it_goes_along(
    images: list[str | None], seed: int
) -> None:
    data = data_of(*images)
    shown = select_inputs(data, "shuffled-image", seed)

    for before, after in zip(data.examples, shown.examples, strict=True):
        other = after.post.image
        if before.post.image is None:
            assert after == before
            continue
        assert other is not None and other != before.post.image
        assert other in images
        alone = example(int(before.post.post_id), other)
        assert after == replace(alone, rationale=None), "the post as it would be with that image"
    assert (shown.features, shown.images) == (data.features, data.images)


@given(SHUFFLED, st.randoms(use_true_random=False))
def test_shuffled_images_do_not_depend_on_the_order_of_the_posts(images: list[str | None], draw: object) -> None:
    data = data_of(*images)
    order = list(range(len(images)))
    draw.shuffle(order)  # type: ignore[attr-defined]
    shown = select_inputs(data, "shuffled-image", 3).examples
    reordered = select_inputs(replace(data, examples=[data.examples[i] for i in order]), "shuffled-image", 3).examples

    assert list(reordered) == [shown[i] for i in order]


def test_the_seed_decides_who_gets_whose_image() -> None:
    data = data_of(*"abcdefgh")

    def images(seed: int) -> list[str | None]:
        return [e.post.image for e in select_inputs(data, "shuffled-image", seed).examples]

    assert images(1) == images(1)
    assert images(1) != images(2)
    assert sorted(filter(None, images(1))) == list("abcdefgh"), "every image is somebody's"


def test_images_without_bytes_are_swapped_by_their_reference() -> None:
    posts = [Post(post_id=name, text="", image_ref=f"{name}.jpg") for name in "ab"]
    shown = select_inputs(PredictionData([Example(post=post) for post in posts]), "shuffled-image")

    assert [e.post.image_ref for e in shown.examples] == ["b.jpg", "a.jpg"]


@pytest.mark.parametrize("inputs", ["text", "image", "shuffled-image"])
def test_a_match_score_holds_only_for_a_post_with_both_its_own(inputs: Inputs) -> None:
    posts = [Example(post=Post(post_id=name, text=name, image=name), match=0.9) for name in "ab"]
    shown = select_inputs(PredictionData(posts), inputs).examples

    assert [example.match for example in shown] == [None, None]


@pytest.mark.parametrize("images", [[None], ["a"], ["a", "a", None]])
def test_shuffling_needs_two_different_images(images: list[str | None]) -> None:
    with pytest.raises(WrongInput, match="at least two different images"):
        select_inputs(data_of(*images), "shuffled-image")


def test_these_tests_know_every_field_and_every_input() -> None:
    """A further field of an example has to be withheld and swapped as well: say here how."""
    names = {"post", "image_words", "attributes", "entities", "match", "rationale"}
    assert {f.name for f in fields(Example)} == names
    assert get_args(Inputs) == ("both", "text", "image", "shuffled-image")
