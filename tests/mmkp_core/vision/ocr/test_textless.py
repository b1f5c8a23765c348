"""No drawn slogan is ever taken for an image without words; most images without words are."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mmkp_core.data.demo.drawing import FONTS, _font_folder, draw_picture
from mmkp_core.data.demo.facts import Picture
from mmkp_core.data.demo.words import COLOURS, SHAPES, SLOGANS
from mmkp_core.vision.decoding import Decoded, decode
from mmkp_core.vision.ocr.textless import may_hold_words


def seen(image: Image.Image, quality: int = 0) -> Decoded:
    if quality:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        decoded = decode(out.getvalue())
        assert isinstance(decoded, Decoded)
        return decoded
    return Decoded(np.asarray(image.convert("RGB")), image.width, image.height, "PNG")


@pytest.mark.parametrize("slogan", SLOGANS)
@pytest.mark.parametrize("quality", [0, 60])
def test_every_slogan_may_hold_words(slogan: str, quality: int) -> None:
    for variant in "abc":
        assert may_hold_words(seen(draw_picture(Picture("slogan", words=slogan, variant=variant)), quality), 736)


@pytest.mark.parametrize("name", FONTS)
@pytest.mark.parametrize("size", [12, 20, 60, 150])
@pytest.mark.parametrize("ink", [(0, 0, 0), (205, 205, 205), (250, 190, 215)], ids=["black", "faint", "pink"])
def test_words_on_plain_ground_of_any_size_and_ink(name: str, size: int, ink: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (640, 480), (225, 225, 225))
    font = ImageFont.truetype(str(_font_folder() / name), size)
    ImageDraw.Draw(image).text((320, 240), "sale now", font=font, fill=ink, anchor="mm")
    for turned in (image, image.transpose(Image.Transpose.ROTATE_90), image.rotate(12, fillcolor=(225, 225, 225))):
        assert may_hold_words(seen(turned, quality=85), 736)


def test_small_print_in_a_large_screenshot() -> None:
    image = Image.new("RGB", (1400, 900), "white")
    font = ImageFont.truetype(str(_font_folder() / "DejaVuSans.ttf"), 14)
    ImageDraw.Draw(image).text((900, 700), "terms apply", font=font, fill=(60, 60, 60))
    assert may_hold_words(seen(image), 736)


def test_grain_that_could_hide_letters_lets_nothing_be_concluded() -> None:
    noise = np.random.default_rng(0).normal(128, 12, (200, 200, 3)).clip(0, 255).astype(np.uint8)
    assert may_hold_words(Decoded(noise, 200, 200, "PNG"), 736)


def test_plain_grounds_slopes_and_drawn_icons_hold_none() -> None:
    slope = np.linspace(0, 255, 300).astype(np.uint8)[:, None, None].repeat(300, axis=1).repeat(3, axis=2)
    assert not may_hold_words(Decoded(slope, 300, 300, "PNG"), 736)
    assert not may_hold_words(seen(Image.new("RGB", (300, 300), "teal")), 736)
    skipped = [
        not may_hold_words(seen(draw_picture(Picture("icon", shape, colour, variant=variant))), 736)
        for shape in SHAPES
        for colour in COLOURS
        for variant in "ab"
    ]
    assert sum(skipped) >= 0.85 * len(skipped)


@pytest.mark.parametrize("size", [(1, 1), (8, 3000), (3, 3), (30, 6)])
def test_any_size_has_an_answer(size: tuple[int, int]) -> None:
    assert not may_hold_words(seen(Image.new("RGB", size)), 736)
