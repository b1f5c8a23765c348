"""Decodes image files to pixels, once for every engine, so that all of them see the same picture.

Engines that open files themselves disagree: a CMYK JPEG read by path gives no text without a word of warning, a
16-bit PNG gives noise at full confidence. Here a file becomes upright 8-bit RGB or a classified failure. A bad image
never raises, and one that is too large is refused from its header, before a pixel is decoded.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

DECODE_VERSION = 2  # raise it when the same file may give other pixels

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")  # Pillow's forty other parsers stay shut
MAX_PIXELS = 64_000_000  # a one-bit PNG of 177 million pixels is a file of 21 kB
MAX_BYTES = 192 << 20  # of the decoded picture: with its copies, four times as much is held for a moment
MAX_SIDE = 20_000  # a strip of 60,000 x 20 passes a limit on pixels alone

_PIXEL_BYTES = {"1": 1, "L": 1, "P": 3, "LA": 4, "RGB": 3, "RGBA": 4, "CMYK": 4, "I": 8, "F": 8, "I;16": 8}
"""By Pillow's mode, of the widest form that a picture takes on its way to RGB."""

Trouble = Literal["unreadable", "too_large"]


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    rgb: npt.NDArray[np.uint8]
    """[height, width, 3], upright, its longer side at most the bound."""
    width: int
    """Of the upright picture in the file, before the bound."""
    height: int
    format: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    trouble: Trouble
    detail: str


def decode(source: bytes | Path, bound: int = 2000) -> Decoded | Undecodable:
    """The first frame of an image. A path that cannot be read raises OSError: that is the disk, not the image."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    if not data:
        return Undecodable("unreadable", "empty file")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if trouble := _too_large(*image.size, image.mode):
                return trouble
            return _pixels(image, bound)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return Undecodable("too_large", str(error))
    except UnidentifiedImageError:
        return Undecodable("unreadable", f"not one of {', '.join(FORMATS)}; begins with {data[:16]!r}")
    except MemoryError:
        raise
    except Exception as error:
        # Pillow's parsers meet hostile bytes: beside OSError they let SyntaxError, ValueError, KeyError, struct.error,
        # zlib.error and others out.
        return Undecodable("unreadable", f"{type(error).__name__}: {error}"[:200])


def _too_large(width: int, height: int, mode: str) -> Undecodable | None:
    if width * height > MAX_PIXELS:
        return Undecodable("too_large", f"{width} x {height} is more than {MAX_PIXELS:,} pixels")
    size = width * height * _PIXEL_BYTES.get(mode, 3)
    if size > MAX_BYTES:
        return Undecodable("too_large", f"{width} x {height} in {mode} is {size >> 20:,} MiB of pixels")
    if max(width, height) > MAX_SIDE:
        return Undecodable("too_large", f"{width} x {height} is longer than {MAX_SIDE:,} pixels")
    return None


def _pixels(image: Image.Image, bound: int) -> Decoded:
    width, height = image.size
    image_format = image.format or ""
    image.draft(None, (bound, bound))  # a JPEG is decoded at a half, quarter or eighth where that is enough
    upright = ImageOps.exif_transpose(image)
    if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):  # the orientations that turn by a quarter
        width, height = height, width
    rgb = _to_rgb(upright)
    rgb.thumbnail((bound, bound), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return Decoded(np.asarray(rgb, dtype=np.uint8), width, height, image_format)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_eight_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        return _over_contrast(image.convert("RGBA"))
    return image.convert("RGB")


def _to_eight_bits(grey: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """16-bit values by 257; floats, and integers beyond 16 bits, by their own range."""
    values = np.nan_to_num(grey.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    if grey.dtype.kind != "f" and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    return ((values - low) * (255.0 / ((high - low) or 1.0)) + 0.5).astype(np.uint8)


def _over_contrast(image: Image.Image) -> Image.Image:
    """Over white or black, whichever differs more from what is drawn: white words on no ground stay readable."""
    alpha = np.asarray(image.getchannel("A"), dtype=np.float64)
    weight = float(alpha.sum())
    brightness = float((np.asarray(image.convert("L"), dtype=np.float64) * alpha).sum()) / weight if weight else 0.0
    ground = Image.new("RGBA", image.size, "white" if brightness < 128 else "black")
    return Image.alpha_composite(ground, image).convert("RGB")
