import io
from dataclasses import replace

from PIL import Image

from mmkp_core.data.post import Example, Post
from mmkp_core.vlm.pictures import Pictures
from mmkp_core.vlm.settings import TINY
from mmkp_core.vlm.shown import most_pixels, shown_post
from mmkp_core.vlm.spec import VlmSpec

EXAMPLE = Example(post=Post(post_id="1", text="words", keyphrases=("a b",), image="x"), image_words="painted")


def green(key: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "green").save(out, "PNG")
    return out.getvalue()


def test_a_post_whose_picture_cannot_be_had_is_shown_without_one() -> None:
    shown = shown_post(EXAMPLE, Pictures(lambda key: None, 10_000), VlmSpec())
    assert shown.image is None
    assert not shown.prompt.turn.image


def test_what_each_modality_shows() -> None:
    pictures = Pictures(green, 10_000)
    shown = {
        modalities: shown_post(EXAMPLE, pictures, VlmSpec(modalities=modalities, image_words=True))
        for modalities in ("text+image", "text", "image")
    }
    assert [one.image is not None for one in shown.values()] == [True, False, True]
    assert ["words" in one.prompt.turn.text for one in shown.values()] == [True, True, False]
    assert ["painted" in one.prompt.turn.text for one in shown.values()] == [True, False, True]


def test_what_was_read_from_the_picture_is_shown_only_where_the_spec_says_so() -> None:
    pictures = Pictures(green, 10_000)
    post = replace(EXAMPLE, attributes=("reddish",), entities=("a star",))

    def words_shown(**settings: bool) -> list[bool]:
        text = shown_post(post, pictures, VlmSpec(**settings)).prompt.turn.text
        return [word in text for word in ("painted", "reddish", "a star")]

    assert words_shown() == [False, False, False]
    assert words_shown(image_words=True) == [True, False, False]
    assert words_shown(visual_words=True) == [False, True, True]


def test_the_tiny_backbone_is_not_given_more_pixels_than_it_looks_at() -> None:
    assert most_pixels(VlmSpec(backbone=TINY)) == 84 * 84
    assert most_pixels(VlmSpec(backbone=TINY, image_pixels=2500)) == 2500
    assert most_pixels(VlmSpec(backbone="org/model", image_pixels=200_704)) == 200_704
