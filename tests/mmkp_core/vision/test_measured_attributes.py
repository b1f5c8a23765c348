"""Attribute words follow from measured numbers."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmkp_core.data.demo.drawing import draw_picture
from mmkp_core.data.demo.facts import Picture
from mmkp_core.data.demo.words import COLOURS
from mmkp_core.vision.attributes import AttributeSpec, attributes_table
from mmkp_core.vision.measured_attributes import measure


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def measured(image: Image.Image, words: int = 10, **given: object) -> tuple[tuple[str, ...], dict[str, float]]:
    found = measure("k", png(image), AttributeSpec(words=words), **given)  # type: ignore[arg-type]
    return found.words, dict(found.measures)


@pytest.mark.parametrize("colour", COLOURS)
def test_the_colour_of_a_small_icon_is_named(colour: str) -> None:
    words, measures = measured(draw_picture(Picture("icon", "circle", colour, variant="a")))
    assert colour in words
    assert measures[f"share of {colour}"] == pytest.approx(0.11, abs=0.05)  # a circle of 0.38 of the width
    assert "drawing" in words


def test_shares_add_up_and_follow_the_area() -> None:
    image = Image.new("RGB", (100, 100), "white")
    ImageDraw.Draw(image).rectangle((0, 0, 24, 99), fill="black")
    _, measures = measured(image)
    assert sum(share for name, share in measures.items() if name.startswith("share of")) == pytest.approx(1)
    assert measures["share of black"] == pytest.approx(0.25, abs=0.02)
    assert measures["brightness"] == pytest.approx(0.75, abs=0.02)


def test_grey_is_not_colourful_and_stripes_of_colour_are() -> None:
    assert measured(Image.new("RGB", (64, 64), (90, 90, 90)))[1]["colourfulness"] == pytest.approx(0)
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:32], stripes[32:] = (255, 0, 0), (0, 255, 0)
    # rg is +-255, yb 127.5 throughout: hypot(255, 0) + 0.3 * hypot(0, 127.5)
    assert measured(Image.fromarray(stripes))[1]["colourfulness"] == pytest.approx(293.25, abs=0.5)


def test_many_colours_look_like_a_photo() -> None:
    rng = np.random.default_rng(0)
    words, measures = measured(Image.fromarray(rng.integers(0, 255, (128, 128, 3), dtype=np.uint8)))
    assert "photo" in words
    assert "drawing" not in words
    assert measures["flatness"] < 0.1


def test_orientation_light_and_text_area() -> None:
    dark_and_wide = Image.new("RGB", (400, 100), (20, 20, 20))
    words, measures = measured(dark_and_wide, boxes=[(0.1, 0.1, 0.6, 0.1, 0.6, 0.5, 0.1, 0.5)])
    assert {"dark", "wide", "text"} <= set(words)
    assert measures["text area"] == pytest.approx(0.5 * 0.4)
    assert measures["aspect"] == 4
    assert {"bright", "tall"} <= set(measured(Image.new("RGB", (100, 300), "white"))[0])


def test_without_ocr_nothing_is_said_of_text() -> None:
    words, measures = measured(Image.new("RGB", (10, 10)))
    assert "text area" not in measures
    assert "text" not in words


def test_at_most_the_set_number_of_words_the_most_marked_first() -> None:
    image = draw_picture(Picture("icon", "star", "red", variant="a"))
    every = measured(image)[0]
    assert measured(image, words=2)[0] == every[:2]


def test_an_unreadable_image_has_a_row_without_words() -> None:
    found = measure("k", b"<html>", AttributeSpec())
    assert (found.status, found.words) == ("unreadable", ())
    rows = attributes_table([found, measure("a", png(Image.new("RGB", (8, 8))), AttributeSpec())]).to_pylist()
    assert [row["image_key"] for row in rows] == ["a", "k"]
    assert rows[1]["attributes"] == []
    assert dict(rows[0]["measures"])["share of black"] == 1
