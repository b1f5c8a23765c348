"""Draws the generated pictures.

Icons stand near the middle of a plain ground and take 0.34 to 0.42 of its width, for measured reasons: with shapes at
any place and size, or on noise, small models learn the colour and never the shape. Words are painted over noise.
"""

import importlib.util
import math
import random
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from mmkp_core.data.demo.facts import Picture
from mmkp_core.data.demo.words import COLOURS
from mmkp_core.seeding import generator, python_generator

SIZE = 224  # pixels a side: every slogan is read, at 0.07 CPU-s an image with either engine (256: 0.09, 320: 0.12)

Colour = tuple[int, int, int]

ICON_GROUNDS: tuple[Colour, ...] = ((255, 255, 255), (238, 238, 238), (225, 225, 230), (250, 246, 238))
INKS: tuple[tuple[Colour, Colour], ...] = (  # words and their ground, far apart in brightness
    ((20, 20, 20), (235, 232, 222)),
    ((250, 250, 250), (38, 48, 66)),
    ((250, 250, 250), (120, 24, 40)),
    ((18, 40, 110), (240, 214, 120)),
    ((252, 232, 120), (20, 70, 50)),
    ((110, 10, 60), (205, 230, 240)),
)
FONTS = (
    "DejaVuSans-Bold.ttf", "DejaVuSans.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSansMono-Bold.ttf",
    "STIXGeneralBol.ttf",
)  # fmt: skip


def draw_picture(picture: Picture) -> Image.Image:
    match picture.motif:
        case "icon":
            return _icon(picture)
        case "slogan":
            return _slogan(picture)
        case "scene":
            return _scene(picture)


def _icon(picture: Picture) -> Image.Image:
    """Drawn at twice the size and halved, so that edges are smooth."""
    draw = python_generator(0, "icon", picture.original)
    width = draw.uniform(0.34, 0.42) * SIZE * 2
    x, y = (SIZE + draw.uniform(-7, 7) for _ in range(2))
    image = Image.new("RGB", (SIZE * 2, SIZE * 2), draw.choice(ICON_GROUNDS))
    colour = tuple(max(0, min(255, part + draw.randint(-12, 12))) for part in COLOURS[picture.colour])
    _shape(ImageDraw.Draw(image), picture.shape, x, y, width / 2, colour)
    return image.reduce(2)


def _shape(canvas: ImageDraw.ImageDraw, shape: str, x: float, y: float, r: float, fill: tuple[int, ...]) -> None:
    match shape:
        case "circle":
            canvas.ellipse((x - r, y - r, x + r, y + r), fill=fill)
        case "ring":
            canvas.ellipse((x - r, y - r, x + r, y + r), outline=fill, width=round(r * 0.36))
        case "square":
            canvas.rectangle((x - r * 0.9, y - r * 0.9, x + r * 0.9, y + r * 0.9), fill=fill)
        case "triangle":
            canvas.polygon([(x, y - r), (x + r, y + r * 0.85), (x - r, y + r * 0.85)], fill=fill)
        case "cross":
            arm = r * 0.34
            canvas.rectangle((x - arm, y - r, x + arm, y + r), fill=fill)
            canvas.rectangle((x - r, y - arm, x + r, y + arm), fill=fill)
        case "star":
            spikes = [(r if spike % 2 == 0 else r * 0.42, math.pi * (spike / 5 - 0.5)) for spike in range(10)]
            canvas.polygon([(x + s * math.cos(a), y + s * math.sin(a)) for s, a in spikes], fill=fill)
        case _:
            raise ValueError(f"no shape is called {shape!r}")


def _slogan(picture: Picture) -> Image.Image:
    draw = python_generator(0, "slogan", picture.original)
    ink, ground = draw.choice(INKS)
    noise = generator(0, "noise", picture.original).normal(0, draw.uniform(6, 14), (SIZE // 2, SIZE // 2, 3))
    speckled = np.clip(np.asarray(ground) + noise, 0, 255).astype(np.uint8)
    image = Image.fromarray(speckled).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    words = draw.choice((str.upper, str.title, str.lower))(picture.words)
    # engines lose a single blank between bold capitals now and then
    lines = words.split() if draw.random() < 0.5 else [words.replace(" ", "  ")]
    name = draw.choice(FONTS)
    size = draw.randint(34, 46)
    while size > 20 and max(_font(name, size).getlength(line) for line in lines) > SIZE - 24:
        size -= 1
    canvas = ImageDraw.Draw(image)
    pitch = size * 1.35
    top = (SIZE - pitch * len(lines)) / 2 + draw.uniform(-24, 24)
    for row, line in enumerate(lines):
        canvas.text((SIZE / 2, top + pitch * (row + 0.5)), line, font=_font(name, size), fill=ink, anchor="mm")
    return image


def _scene(picture: Picture) -> Image.Image:
    """Sky, two ridges and haze: photo-like and without words or icons."""
    draw = python_generator(0, "scene", picture.original)
    horizon = draw.uniform(0.4, 0.6)
    rows = np.linspace(0, 1, SIZE)[:, None]
    columns = np.linspace(0, 1, SIZE)[None, :]
    sky_top, sky_low, far, near = (_muted(draw) for _ in range(4))
    image = sky_top + (sky_low - sky_top) * rows[..., None] + np.zeros((SIZE, SIZE, 1))
    for colour, height, waves in ((far, horizon, 1.3), (near, horizon + 0.2, 0.7)):
        phase = draw.uniform(0, 6)
        ridge = height + 0.06 * np.sin(columns * 6.3 * waves + phase)
        image = np.where((rows > ridge)[..., None], colour * (1.15 - 0.5 * rows[..., None]), image)
    soft = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(3))
    grain = generator(0, "grain", picture.original).normal(0, 2, (SIZE, SIZE, 1))
    return Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8))


def _muted(draw: random.Random) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([draw.uniform(60, 215) for _ in range(3)])


@lru_cache(maxsize=256)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_font_folder() / name), size)


@lru_cache(maxsize=1)
def _font_folder() -> Path:
    """Inside matplotlib's wheel; found without importing it, which costs more than drawing a hundred images."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "matplotlib is missing: its wheel carries the fonts of the demo; pip install matplotlib"
        )
    return Path(spec.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
