import io

import numpy as np
import pytest
from PIL import Image

from mmkp_core.teacher.images import jpeg_within
from mmkp_core.vision.decoding import Undecodable


def picture(width: int, height: int, **save: object) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, **{"format": "JPEG", **save})
    return out.getvalue()


def opened(data: bytes | Undecodable) -> Image.Image:
    assert isinstance(data, bytes)
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("width", "height"), [(1600, 900), (900, 1600), (3000, 10), (700, 700), (1, 5000)])
def test_no_more_pixels_than_asked_and_the_shape_kept(width: int, height: int) -> None:
    sent = opened(jpeg_within(picture(width, height), 100_000))
    assert sent.format == "JPEG"
    assert sent.width * sent.height <= 100_000
    if min(sent.size) > 20:
        assert sent.width / sent.height == pytest.approx(width / height, rel=0.02)


def test_a_small_jpeg_keeps_its_pixels_and_loses_its_notes() -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"  # the maker
    data = picture(200, 100, exif=exif, comment=b"taken at home")
    sent = jpeg_within(data, 100_000)
    assert b"a camera" in data
    assert isinstance(sent, bytes)
    assert b"a camera" not in sent
    assert b"taken at home" not in sent
    assert np.array_equal(np.asarray(opened(sent)), np.asarray(Image.open(io.BytesIO(data))))


def test_a_picture_lying_on_its_side_is_set_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(jpeg_within(picture(200, 100, exif=exif), 100_000)).size == (100, 200)


def test_other_formats_become_jpeg() -> None:
    sent = opened(jpeg_within(picture(200, 100, format="PNG"), 100_000))
    assert (sent.format, sent.size, sent.mode) == ("JPEG", (200, 100), "RGB")


@pytest.mark.parametrize("data", [b"", b"<html>", b"\xff\xd8\xff\xe1\x00\x10", picture(300, 300)[:200]])
def test_what_is_no_picture_is_said_so(data: bytes) -> None:
    assert isinstance(jpeg_within(data, 1000), Undecodable)
