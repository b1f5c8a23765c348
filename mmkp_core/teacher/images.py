"""Prepares a picture for a model: upright, a JPEG of at most so many pixels, without the notes in its file.

A JPEG that is small enough already keeps its pixels byte for byte; only the notes in it go (place, camera, comments).
"""

import io
import math

from PIL import Image

from mmkp_core.vision.decoding import Undecodable, decode

IMAGE_VERSION = 1  # raise it when the same picture would be sent otherwise

QUALITY = 85
LONGEST_SIDE = 4096

_ORIENTATION = 0x0112


def jpeg_within(data: bytes, pixels: int) -> bytes | Undecodable:
    """The picture to send; `pixels` bounds width times height."""
    bound = LONGEST_SIDE
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            width, height = image.size
            fits = width * height <= pixels and max(width, height) <= LONGEST_SIDE
            if fits and image.mode in ("RGB", "L") and image.getexif().get(_ORIENTATION, 1) == 1:
                bare = _without_notes(data)
                if bare is not None:
                    return bare
            bound = min(bound, max(1, math.isqrt(pixels * max(width, height) // min(width, height))))
    except (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, Image.DecompressionBombError):
        pass  # not a JPEG, or a broken one: the decoder says which
    decoded = decode(data, bound)
    if isinstance(decoded, Undecodable):
        return decoded
    picture = Image.fromarray(decoded.rgb)
    if (area := picture.width * picture.height) > pixels:
        scale = math.sqrt(pixels / area)
        size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _without_notes(data: bytes) -> bytes | None:
    """A JPEG without its application and comment segments; None where its segments do not add up."""
    kept, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:  # start of scan: pixels from here on
            end = data.rfind(b"\xff\xd9")
            return b"".join([*kept, data[at : end + 2]]) if end > at else None
        if marker not in (*range(0xE1, 0xEE), 0xEF, 0xFE):  # APP0 and APP14 say how colours are coded
            kept.append(data[at : at + 2 + length])
        at += 2 + length
    return None
