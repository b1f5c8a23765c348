"""Every readable image becomes upright RGB; every other is refused with a reason, and none raises."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmkp_core.vision.decoding import Decoded, Undecodable, decode

RED = Image.new("RGB", (300, 200), (250, 10, 10))


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def pixels(data: bytes, bound: int = 2000) -> Any:
    image = decode(data, bound)
    assert isinstance(image, Decoded), image
    return image.rgb


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_the_usual_formats(form: str) -> None:
    image = decode(saved(RED, form))
    assert isinstance(image, Decoded)
    assert (image.format, image.width, image.height, image.rgb.shape) == (form, 300, 200, (200, 300, 3))
    assert image.rgb.dtype == np.uint8
    assert image.rgb[100, 150].tolist() == pytest.approx([250, 10, 10], abs=3)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "RGBA", "CMYK"])
def test_other_colour_models_become_rgb(mode: str) -> None:
    data = saved(RED.convert(mode), "TIFF" if mode == "CMYK" else "PNG")
    assert pixels(data).shape == (200, 300, 3)


@pytest.mark.fault(11)
def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    assert pixels(saved(RED.convert("CMYK"), "JPEG"))[100, 150].tolist() == pytest.approx([250, 10, 10], abs=6)


@pytest.mark.fault(11)
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_to_eight(form: str) -> None:
    grey = np.tile(np.array([0, 257 * 100, 65535], dtype=np.uint16), (4, 1))
    assert pixels(saved(Image.fromarray(grey), form))[0, :, 0].tolist() == [0, 100, 255]


def test_a_dark_sixteen_bit_image_stays_dark() -> None:
    grey = np.full((4, 4), 255, dtype=np.uint16)  # of 65,535
    assert pixels(saved(Image.fromarray(grey), "PNG")).max() == 1


def test_floats_are_scaled_by_their_range() -> None:
    data = saved(Image.fromarray(np.array([[-1.0, 0.0, 1.0]], dtype=np.float32)), "TIFF")
    assert pixels(data)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.fault(11)
def test_exif_rotation_is_undone_and_the_size_is_the_upright_one() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    image = decode(saved(RED, "JPEG", exif=exif))
    assert isinstance(image, Decoded)
    assert (image.width, image.height, image.rgb.shape) == (200, 300, (300, 200, 3))


@pytest.mark.parametrize(("ink", "ground"), [(250, 0), (5, 255)])
def test_transparent_ground_becomes_what_shows_the_drawing(ink: int, ground: int) -> None:
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((ink, ink, ink, 255), (5, 5, 15, 15))
    seen = pixels(saved(image, "PNG"))
    assert seen[10, 10].tolist() == [ink] * 3
    assert seen[0, 0].tolist() == [ground] * 3


@pytest.mark.fault(11)
def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert pixels(data)[0, 0].tolist() == [255, 0, 0]


def test_the_bound_shrinks_and_never_enlarges() -> None:
    data = saved(Image.new("RGB", (1200, 600)), "JPEG")
    image = decode(data, bound=100)
    assert isinstance(image, Decoded)
    assert image.rgb.shape == (50, 100, 3)
    assert (image.width, image.height) == (1200, 600)
    assert pixels(data, bound=5000).shape == (600, 1200, 3)


@pytest.mark.fault(11)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(17_700, 10_000), (60_000, 20)])
def test_bombs_are_refused_from_their_header(size: tuple[int, int]) -> None:
    data = saved(Image.new("1", size), "PNG")
    assert len(data) < 30_000
    result = decode(data)
    assert isinstance(result, Undecodable)
    assert result.trouble == "too_large"


def test_beyond_pillows_own_limit_it_is_too_large_as_well() -> None:
    result = decode(saved(Image.new("1", (20_000, 10_000)), "PNG"))
    assert isinstance(result, Undecodable)
    assert result.trouble == "too_large"


@pytest.mark.fault(9)
@pytest.mark.parametrize(
    "data",
    [b"", b"<!DOCTYPE html><html></html>", saved(RED, "JPEG")[:500], saved(RED, "PNG")[:80], b"\x89PNG\r\n\x1a\n"],
    ids=["empty", "html", "cut JPEG", "cut PNG", "signature alone"],
)
def test_what_is_no_image_is_unreadable(data: bytes) -> None:
    result = decode(data)
    assert isinstance(result, Undecodable)
    assert result.trouble == "unreadable"
    assert result.detail


def test_a_format_that_we_do_not_open_is_unreadable() -> None:
    assert isinstance(decode(saved(RED, "PPM")), Undecodable)


def test_a_file_is_read_as_its_bytes_are_and_a_missing_one_is_the_callers_matter(tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(saved(RED, "PNG"))
    assert isinstance(decode(tmp_path / "red.png"), Decoded)
    with pytest.raises(FileNotFoundError):
        decode(tmp_path / "gone.png")


@pytest.mark.fault(9)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns of damage before it gives up
@settings(max_examples=150, deadline=None)
@given(form=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"]), data=st.data())
def test_damaged_bytes_never_raise(form: str, data: st.DataObject) -> None:
    good = bytearray(saved(RED.resize((24, 16)), form))
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    assert isinstance(decode(bytes(good[:cut])), Decoded | Undecodable)


@pytest.mark.fault(11)
def test_a_picture_whose_pixels_would_fill_memory_is_refused_from_its_header() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (8000, 8000)).save(file, "PNG", compress_level=1)
    found = decode(file.getvalue())
    assert isinstance(found, Undecodable)
    assert (found.trouble, found.detail) == ("too_large", "8000 x 8000 in RGBA is 244 MiB of pixels")
