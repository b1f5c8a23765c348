"""Small JPEGs of posts' pictures, so that a page can hold two hundred."""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from mmkp_core.errors import WrongInput

MOST_PIXELS = 50_000_000
"""Larger pictures are refused before they are unpacked."""


def thumbnail(image: bytes, side: int = 280) -> bytes:
    """A JPEG of at most `side` pixels each way, about 10 kB, from the bytes of any image."""
    try:
        with Image.open(io.BytesIO(image)) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise WrongInput(f"an image of {opened.width} x {opened.height} pixels is too large for a thumbnail")
            opened.draft("RGB", (2 * side, 2 * side))  # JPEG unpacks at an eighth, a quarter or half of its size
            picture = _opaque(ImageOps.exif_transpose(opened))
            picture.thumbnail((side, side))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise WrongInput(f"these {len(image):,} bytes are no image that a thumbnail can be made of: {error}") from error
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=72, optimize=True, progressive=True)
    return out.getvalue()


def _opaque(picture: Image.Image) -> Image.Image:
    """In RGB, on white where it is clear; 16-bit greys lose their lower half."""
    if picture.mode == "RGB":
        return picture
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda value: value / 256).convert("L")
    with_alpha = picture.convert("RGBA")
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return ground
