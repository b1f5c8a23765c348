"""The descriptor tells directions and colours, cell by cell."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmkp_core.vision.decoding import Decoded
from mmkp_core.vision.features.grid import DIRECTIONS, LAB, NUMBERS, GridExtractor, GridSpec, describe

SPEC = GridSpec()
EDGES, COLOUR, HUE = slice(0, DIRECTIONS), slice(DIRECTIONS, DIRECTIONS + LAB), slice(DIRECTIONS + LAB, NUMBERS)


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (224, 224)) -> np.ndarray:
    return np.full((*size, 3), colour, dtype=np.uint8)


def test_its_shape_is_seven_by_seven_cells_of_twenty_three_numbers() -> None:
    assert describe(flat((9, 9, 9), (50, 400)), SPEC).shape == (49, 23)


def test_a_plain_image_has_no_edges_and_the_lab_of_its_colour() -> None:
    cells = describe(flat((255, 255, 255)), SPEC)
    assert (cells[:, EDGES] == 0).all()
    assert cells[:, COLOUR] == pytest.approx(np.tile([1.0, 0, 0, 0, 0, 0], (49, 1)), abs=0.01)  # L of white is 100
    assert cells[:, HUE] == pytest.approx(0, abs=0.01)


def test_a_plain_colour_fills_the_bins_around_its_hue() -> None:
    cells = describe(flat((255, 0, 0)), SPEC)  # Lab of red: 53, 80, 67; hue atan2(67, 80) = 40 degrees, chroma 104
    expected = np.zeros(8)
    place = math.atan2(67.2, 80.1) / (2 * math.pi) * 8
    expected[0], expected[1] = 1.045 * (1 - place), 1.045 * place
    assert cells[24, HUE] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("angle", "share"), [(0, {0: 1.0}), (90, {4: 0.5, 5: 0.5}), (40, {2: 1.0})])
def test_an_edge_stands_in_the_bins_of_its_direction(angle: float, share: dict[int, float]) -> None:
    """A slope at `angle` degrees: nine bins of 20 degrees, a direction between two shared by nearness."""
    y, x = np.mgrid[0:224, 0:224] - 112.0
    ramp = x * math.cos(math.radians(angle)) + y * math.sin(math.radians(angle))
    image = np.clip(ramp * 20 + 128, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    strength = describe(image, SPEC)[24, EDGES] ** 2  # the middle cell; the root is undone
    expected = np.array([share.get(number, 0.0) for number in range(9)])
    assert strength / strength.sum() == pytest.approx(expected, abs=0.02)


def test_cells_run_row_by_row_from_the_top_left() -> None:
    image = flat((0, 0, 0))
    image[32:64, 64:96] = 255  # second row, third column
    assert int(describe(image, SPEC)[:, DIRECTIONS].argmax()) == 7 + 2


def test_noise_below_the_threshold_leaves_no_edge() -> None:
    noise = np.random.default_rng(0).normal(128, 4, (224, 224, 3)).clip(0, 255).astype(np.uint8)
    assert describe(noise, SPEC)[:, EDGES].max() < 0.02


def test_an_edge_between_colours_of_one_brightness_is_seen() -> None:
    image = flat((200, 60, 60))
    image[:, 112:] = (60, 131, 60)  # luma 101 on both sides
    assert describe(image, SPEC)[24, EDGES].max() > 0.05


def test_two_drawn_shapes_differ_where_their_colour_does_not() -> None:
    shapes = []
    for draw_on in (ImageDraw.ImageDraw.ellipse, ImageDraw.ImageDraw.rectangle):
        image = Image.new("RGB", (224, 224), "white")
        draw_on(ImageDraw.Draw(image), (72, 72, 152, 152), fill=(200, 0, 0))
        shapes.append(describe(np.asarray(image), SPEC))
    assert np.abs(shapes[0][:, EDGES] - shapes[1][:, EDGES]).max() > 0.1


def test_the_extractor_takes_images_together_and_its_fingerprint_follows_the_spec() -> None:
    extractor = GridExtractor(SPEC)
    image = Decoded(flat((1, 2, 3)), 224, 224, "PNG")
    assert [one.shape for one in extractor.extract([image, image])] == [(extractor.cells, extractor.numbers)] * 2
    assert extractor.extract([]) == []
    assert extractor.fingerprint() == GridExtractor(GridSpec()).fingerprint()
    assert extractor.fingerprint() != GridExtractor(GridSpec(cells=5)).fingerprint()
