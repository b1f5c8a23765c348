import cv2
import numpy as np
import numpy.typing as npt
import pytest

from mmkp_core.vision.signatures import ImageSignature, image_signature

Pixels = npt.NDArray[np.uint8]


def photo(seed: int) -> Pixels:
    coarse = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8)


def disc(colour: tuple[int, int, int]) -> Pixels:
    return np.asarray(
        cv2.circle(np.full((224, 224, 3), 255, np.uint8), (112, 112), 60, colour, -1, cv2.LINE_AA), np.uint8
    )


def bits_apart(left: ImageSignature, right: ImageSignature) -> int:
    assert left.structure is not None
    assert right.structure is not None
    return (left.structure ^ right.structure).bit_count()


def colours_apart(left: ImageSignature, right: ImageSignature) -> int:
    cells = [np.frombuffer(side.colours, np.uint8).astype(int) for side in (left, right)]
    return int(np.abs(cells[0] - cells[1]).max())


@pytest.mark.parametrize("image", [photo(0), photo(1), disc((200, 30, 30))], ids=["photo", "other photo", "icon"])
def test_a_copy_saved_again_at_another_size_is_near(image: Pixels) -> None:
    _, saved = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 40])
    copy = cv2.resize(cv2.imdecode(saved, cv2.IMREAD_COLOR), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    original, again = image_signature(image), image_signature(np.asarray(copy, np.uint8))

    assert bits_apart(original, again) <= 4
    assert colours_apart(original, again) <= 8


def test_other_photographs_are_far() -> None:
    signatures = [image_signature(photo(seed)) for seed in range(12)]

    assert min(bits_apart(a, b) for at, a in enumerate(signatures) for b in signatures[:at]) > 10


def test_icons_of_another_colour_have_one_structure_and_other_colours() -> None:
    red, orange = image_signature(disc((200, 30, 30))), image_signature(disc((240, 130, 30)))

    assert bits_apart(red, orange) <= 4
    assert colours_apart(red, orange) > 8


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_image_has_no_structure(level: int) -> None:
    assert image_signature(np.full((50, 70, 3), level, np.uint8)).structure is None


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (5000, 2, 3)])
def test_any_shape_has_a_signature(shape: tuple[int, int, int]) -> None:
    assert len(image_signature(np.zeros(shape, np.uint8)).colours) == 48
