"""A tiny extractor for tests."""

import io

import numpy as np
from PIL import Image

from mmkp_core.vision.decoding import Decoded
from mmkp_core.vision.features.extractor import Floats


class Brightness:
    """Two cells of three numbers, all the image's first value; a bright image has one cell."""

    numbers, bound = 3, 32

    def __init__(self, cells: int = 2) -> None:
        self.cells = cells
        self.opened = 0

    def fingerprint(self) -> str:
        return "brightness"

    def require_weights(self) -> None:
        pass

    def open(self) -> None:
        self.opened += 1

    def extract(self, images: list[Decoded]) -> list[Floats]:
        values = [float(image.rgb[0, 0, 0]) for image in images]
        return [np.full((self.cells if v < 100 else 1, self.numbers), v, dtype=np.float32) for v in values]


def grey(value: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (4, 4), value).save(out, "PNG")
    return out.getvalue()
