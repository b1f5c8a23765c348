"""How does a post's picture fit into a page of two hundred?"""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from mmkp_core.errors import WrongInput

MOST_PIXELS = 100_000_000
"""Larger pictures are refused before they are unpacked."""


def thumbnail(image: bytes, side: int = 280) -> bytes:
    """A JPEG of at most `side` pixels each way, about 10 kB, from the bytes of any image."""
    try:
        with Image.open(io.BytesIO(image)) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise WrongInput(f"an image of {opened.width} x {opened.height} pixels is too large for a thumbnail")
            opened.draft("RGB", (2 * side, 2 * side))  # JPEG unpacks at an eighth, a quarter or half of its size
            picture = ImageOps.exif_transpose(opened)
            picture.thumbnail((side, side))
            if picture.mode != "RGB":
                ground = Image.new("RGB", picture.size, "white")
                with_alpha = picture.convert("RGBA")
                ground.paste(with_alpha, mask=with_alpha.getchannel("A"))
                picture = ground
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise WrongInput(f"these {len(image):,} bytes are no image that a thumbnail can be made of: {error}") from error
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=72, optimize=True, progressive=True)
    return out.getvalue()
