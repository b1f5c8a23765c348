"""Measures an image without knowing what it shows: colours, light, text area; objects are never guessed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from mmkp_core.identity import fingerprint
from mmkp_core.vision.attributes import Attributes, AttributeSpec
from mmkp_core.vision.decoding import DECODE_VERSION, Undecodable, decode

ENGINE = "measured"
ATTRIBUTES_VERSION = 1  # raise it when the same image may give other words

SIDE = 64  # pixels of the thumbnail that is measured
COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (15, 15, 15),
    "white": (248, 248, 248),
    "grey": (128, 128, 128),
    "red": (205, 30, 35),
    "orange": (245, 135, 25),
    "yellow": (240, 215, 45),
    "green": (45, 150, 60),
    "blue": (40, 95, 200),
    "purple": (130, 60, 165),
    "pink": (240, 150, 190),
    "brown": (115, 70, 35),
}
UNCOLOURED = ("black", "white", "grey")
LEAST_SHARE = 0.02  # of the image, for a colour to be named


class MeasuredAttributes:
    """Measures behind the interface of attribute engines."""

    name = ENGINE

    def __init__(self, spec: AttributeSpec) -> None:
        self._spec = spec

    def fingerprint(self) -> str:
        return fingerprint("attributes", self._spec, ATTRIBUTES_VERSION, DECODE_VERSION)

    def open(self, kept: Path) -> None:
        pass

    def attributes(self, image_key: str, source: bytes | Path) -> Attributes:
        return measure(image_key, source, self._spec)


def measure(
    image_key: str, source: bytes | Path, spec: AttributeSpec, boxes: Sequence[Sequence[float]] | None = None
) -> Attributes:
    """`boxes` are those of the image's OCR lines, where it was read: four corners as shares of width and height."""
    image = decode(source, bound=4 * SIDE)
    if isinstance(image, Undecodable):
        return Attributes(image_key=image_key, engine=ENGINE, status=image.trouble)
    small = Image.fromarray(image.rgb).resize((SIDE, SIDE), Image.Resampling.BOX)
    pixels_NC = np.asarray(small, dtype=np.float64).reshape(-1, 3)
    measures = {f"share of {name}": share for name, share in _colour_shares(pixels_NC).items()}
    measures["brightness"] = float((pixels_NC @ (0.299, 0.587, 0.114)).mean() / 255)
    measures["colourfulness"] = _colourfulness(pixels_NC)
    measures["flatness"] = _flatness(image.rgb)
    measures["aspect"] = image.width / image.height
    if boxes is not None:
        measures["text area"] = min(1.0, sum(_area(box) for box in boxes))
    return Attributes(
        image_key=image_key, engine=ENGINE, status="ok", words=_words(measures)[: spec.words], measures=measures
    )


def _words(measures: Mapping[str, float]) -> tuple[str, ...]:
    """Words with how marked each is, between 0 and 1; a small coloured thing marks an image more than its ground."""
    marked: dict[str, float] = {}
    for name in COLOURS:
        share = measures[f"share of {name}"]
        if share >= LEAST_SHARE:
            marked[name] = share * 0.5 if name in UNCOLOURED else min(1.0, 0.4 + share)
    marked["drawing"] = (measures["flatness"] - 0.85) / 0.15
    marked["photo"] = (0.7 - measures["flatness"]) / 0.7
    marked["bright"] = (measures["brightness"] - 0.75) / 0.25
    marked["dark"] = (0.3 - measures["brightness"]) / 0.3
    marked["colourful"] = (measures["colourfulness"] - 50) / 100
    marked["wide"] = (measures["aspect"] - 1.3) / 2
    marked["tall"] = (1 / measures["aspect"] - 1.3) / 2
    marked["text"] = measures.get("text area", 0.0) * 4
    found = [word for word in marked if marked[word] > 0]
    return tuple(sorted(found, key=lambda word: (-min(1.0, marked[word]), word)))


def _colour_shares(pixels_NC: npt.NDArray[np.float64]) -> dict[str, float]:
    """Of the named colours, each pixel's nearest in Lab, where distances are nearly those that the eye sees."""
    lab_NC, named_KC = _lab(pixels_NC), _lab(np.array(list(COLOURS.values()), dtype=np.float64))
    nearest_N = ((lab_NC[:, None] - named_KC[None]) ** 2).sum(axis=2).argmin(axis=1)
    counts = np.bincount(nearest_N, minlength=len(COLOURS)) / len(pixels_NC)
    return dict(zip(COLOURS, counts.tolist(), strict=True))


def _lab(rgb_NC: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """sRGB under D65 to CIE Lab."""
    part = rgb_NC / 255
    linear = np.where(part > 0.04045, ((part + 0.055) / 1.055) ** 2.4, part / 12.92)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ matrix.T / (0.9505, 1.0, 1.089)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def _colourfulness(pixels_NC: npt.NDArray[np.float64]) -> float:
    """Hasler and Suesstrunk 2003: 0 is grey, 33 moderately, 109 extremely colourful."""
    red, green, blue = pixels_NC.T
    rg, yb = red - green, (red + green) / 2 - blue
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def _flatness(rgb_HWC: npt.NDArray[np.uint8]) -> float:
    """Share of the eight commonest of 4,096 colours: near 1 in drawings and screenshots, low in photographs."""
    sixteen = (rgb_HWC >> 4).astype(np.int32)
    codes = (sixteen[..., 0] << 8) | (sixteen[..., 1] << 4) | sixteen[..., 2]
    counts = np.sort(np.bincount(codes.ravel(), minlength=4096))
    return float(counts[-8:].sum() / counts.sum())


def _area(box: Sequence[float]) -> float:
    """Of a polygon given as x1, y1, x2, y2, ... (shoelace)."""
    x, y = np.asarray(box[0::2]), np.asarray(box[1::2])
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
