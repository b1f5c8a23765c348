"""Pictures as a vision tower can take them: decoded, no larger than asked, no strips."""

import math

from PIL import Image

from mmkp_core.data.post import Post
from mmkp_core.learning import Images
from mmkp_core.vision.decoding import Undecodable, decode

WIDEST = 20.0  # a picture's longer side over its shorter; vision towers refuse strips of 200
CACHED_BYTES = 128_000_000  # of decoded pictures kept between epochs


class Pictures:
    """Decoded pictures by image key, scaled to a bound of pixels; a bounded number is kept."""

    def __init__(self, images: Images | None, pixels: int) -> None:
        self._images = images
        self._pixels = pixels
        self._kept: dict[str, Image.Image] = {}
        self._bytes = 0
        self.missing: dict[str, str] = {}
        """Image key -> why there is no picture."""

    def of(self, post: Post) -> Image.Image | None:
        """The picture of a post, where there is one."""
        key = post.image_key
        if key is None or key in self.missing:
            return None
        if (kept := self._kept.get(key)) is not None:
            return kept
        data = self._images(key) if self._images else None
        if data is None:
            self.missing[key] = "no bytes"
            return None
        decoded = decode(data, bound=math.isqrt(self._pixels) * 2)
        if isinstance(decoded, Undecodable):
            self.missing[key] = decoded.trouble
            return None
        picture = _scaled(Image.fromarray(decoded.rgb), self._pixels)
        size = picture.width * picture.height * 3
        if self._bytes + size <= CACHED_BYTES:
            self._kept[key] = picture
            self._bytes += size
        return picture


def _scaled(picture: Image.Image, pixels: int) -> Image.Image:
    """At most `pixels` pixels, and no strip."""
    long, short = max(picture.size), min(picture.size)
    if long > short * WIDEST:
        least = math.ceil(long / WIDEST)
        wider = Image.new("RGB", (max(picture.width, least), max(picture.height, least)))
        wider.paste(picture)
        picture = wider
    scale = math.sqrt(pixels / (picture.width * picture.height))
    if scale >= 1:
        return picture
    size = max(1, int(picture.width * scale)), max(1, int(picture.height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
