import io

import pytest
from PIL import Image

from mmkp_core.errors import WrongInput
from mmkp_core.report.thumbnails import thumbnail


def encoded(picture, kind, **how):
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "JPEG"), ("RGBA", "PNG"), ("P", "PNG"), ("L", "PNG"), ("CMYK", "JPEG"), ("I;16", "PNG")]
)
def test_any_image_becomes_a_small_jpeg(mode, kind):
    small = Image.open(io.BytesIO(thumbnail(encoded(Image.new(mode, (1_200, 600)), kind))))
    assert (small.format, small.mode, small.size) == ("JPEG", "RGB", (280, 140))


def test_a_picture_lying_on_its_side_is_put_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(Image.new("RGB", (400, 200)), "JPEG", exif=exif)
    assert Image.open(io.BytesIO(thumbnail(turned))).size == (140, 280)


def test_where_a_picture_is_clear_the_ground_is_white():
    small = Image.open(io.BytesIO(thumbnail(encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG"))))
    assert min(small.getpixel((25, 25))) > 250


@pytest.mark.parametrize("damage", [b"", b"<html>not found</html>", encoded(Image.new("RGB", (90, 90)), "PNG")[:60]])
def test_what_is_no_image_is_refused(damage):
    with pytest.raises(WrongInput, match="no image"):
        thumbnail(damage)
