"""Pictures are drawn as small models need them."""

import numpy as np
import pytest

from mmkp_core.data.demo.drawing import SIZE, draw_picture
from mmkp_core.data.demo.facts import Picture
from mmkp_core.data.demo.words import COLOURS, SHAPES


def far_from_ground(picture: Picture) -> np.ndarray:
    pixels = np.asarray(draw_picture(picture)).astype(int)
    return np.abs(pixels - pixels[0, 0]).max(axis=2) > 40


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("variant", ["a", "b", "c"])
def test_an_icon_stands_in_the_middle_and_takes_a_third_of_the_width(shape: str, variant: str) -> None:
    rows, columns = np.nonzero(far_from_ground(Picture("icon", shape, "blue", variant=variant)))
    width = (columns.max() - columns.min() + 1) / SIZE
    assert 0.28 <= width <= 0.44  # a square is drawn at 0.9 of the width, a star's arms reach 0.95
    assert (columns.max() + columns.min()) / 2 == pytest.approx(SIZE / 2, abs=9)
    assert (rows.max() + rows.min()) / 2 == pytest.approx(SIZE / 2, abs=14)


@pytest.mark.parametrize("colour", COLOURS)
def test_an_icon_has_its_colour(colour: str) -> None:
    pixels = np.asarray(draw_picture(Picture("icon", "square", colour, variant="x")))
    assert pixels[SIZE // 2, SIZE // 2].tolist() == pytest.approx(COLOURS[colour], abs=12)


def test_the_same_picture_is_the_same_pixels_and_a_variant_is_another() -> None:
    one, again, other = (draw_picture(Picture("slogan", words="hot soup", variant=v)).tobytes() for v in "aab")
    assert one == again
    assert one != other


def test_a_shape_that_nobody_can_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="no shape is called 'dodecahedron'"):
        draw_picture(Picture("icon", "dodecahedron", "red"))
