"""Drawn images for the tests of reading."""

import io

import pytest
from PIL import Image

from mmkp_core.data.demo.drawing import draw_picture
from mmkp_core.data.demo.facts import Picture


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="session")
def slogans() -> dict[str, bytes]:
    """Painted words and the image that shows them."""
    words = ("hot soup", "grand opening", "welcome", "stay curious")
    return {text: png(draw_picture(Picture("slogan", words=text, variant="test"))) for text in words}


@pytest.fixture(scope="session")
def plain() -> bytes:
    return png(Image.new("RGB", (64, 64), "white"))


@pytest.fixture(scope="session")
def greys() -> dict[str, bytes]:
    """Images that differ in every pixel; nothing can be read in them."""
    return {f"grey-{value:03d}": png(Image.new("L", (16, 16), value)) for value in range(10, 200, 10)}
