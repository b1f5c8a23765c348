"""Measures what reading images through the pool costs, against the same engine in a bare loop.

The bare loop opens each file with Pillow and hands the pixels to the engine: no check of the file, no look whether
words are possible, no cleaning, no processes. Both are warm and single-threaded; the pool's CPU seconds are those of
its workers and of this process.

What is won on images without words is won by not running the engine on them, and so depends on the pictures: the demo's
are plain or soft and suit that check. The same with camera-like grain on every picture without words stands beside it.
"""

import io
import itertools
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from mmkp_core.data.demo.facts import demo_facts
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.demo.writing import image_bytes
from mmkp_core.vision.decoding import Decoded
from mmkp_core.vision.ocr.engine import AbstractOcrEngine
from mmkp_core.vision.ocr.engines import make_engine
from mmkp_core.vision.ocr.pool import OcrPool
from mmkp_core.vision.ocr.spec import OcrSpec

ENGINES: tuple[Literal["paddle", "rapid"], ...] = ("paddle", "rapid")


def run(images: int = 60, repeats: int = 1) -> list[dict[str, Any]]:
    """Rows `name, size, ours, reference, ratio, target, unit, peak_mib`; CPU seconds, best of `repeats`.

    The ratio is reference / ours. The images are drawn, 224 pixels a side.
    """
    worded = list(itertools.islice(_drawn("slogan"), images))
    wordless = itertools.chain.from_iterable(zip(_drawn("scene"), _drawn("icon"), strict=False))
    half = worded[: images // 2] + list(itertools.islice(wordless, images - images // 2))
    grainy = worded[: images // 2] + [_with_grain(data, number) for number, data in enumerate(half[images // 2 :])]
    rows = []
    for name in ENGINES:
        spec = OcrSpec(engine=name)
        with tempfile.TemporaryDirectory() as folder:
            engine = make_engine(spec)
            engine.open(Path(folder))
            with OcrPool(make_engine(spec), spec, workers=1, work=Path(folder)) as pool:
                for title, files, target in (
                    ("every image has words", worded, ">= 0.95"),
                    ("half of the images have none", half, ">= 1.5"),
                    ("half have none and grain", grainy, ">= 1.5"),
                ):
                    ours, reference = _compare(pool, engine, files, repeats)
                    rows.append(
                        {
                            "name": f"ocr: {name}, {title}",
                            "size": f"{len(files)} images",
                            "ours": ours,
                            "reference": reference,
                            "ratio": reference / ours,
                            "target": target,
                            "unit": "CPU s",
                            "peak_mib": max(_peak_mib(process) for process in pool.processes),
                        }
                    )
            engine.close()
    return rows


def _compare(pool: OcrPool, engine: AbstractOcrEngine, files: list[bytes], repeats: int) -> tuple[float, float]:
    keyed = [(str(number), data) for number, data in enumerate(files)]

    def through_the_pool() -> None:
        if any(reading.status == "engine_error" for reading in pool.read(keyed)):
            raise RuntimeError("an image failed: this is no measurement")

    def bare() -> None:
        for data in files:
            pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
            engine.read(Decoded(pixels, pixels.shape[1], pixels.shape[0], ""))

    through_the_pool()
    bare()
    best_ours = best_reference = math.inf
    for _ in range(repeats):
        best_ours = min(best_ours, _cpu_seconds(through_the_pool, pool.processes))
        best_reference = min(best_reference, _cpu_seconds(bare, ()))
    return best_ours, best_reference


def _drawn(motif: str) -> Iterator[bytes]:
    posts = demo_facts(DemoSpec(posts=20_000))
    return (image_bytes(post) for post in posts if post.picture and post.picture.motif == motif and not post.fault)


def _with_grain(data: bytes, seed: int) -> bytes:
    """Noise of five grey levels, as of a camera in poor light."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    noisy = pixels + np.random.default_rng(seed).normal(0, 5, pixels.shape)
    out = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=92)
    return out.getvalue()


def _cpu_seconds(work: Callable[[], None], others: tuple[int, ...]) -> float:
    """Of this process and of the processes `others`."""
    before = time.process_time() + sum(map(_spent, others))
    work()
    return time.process_time() + sum(map(_spent, others)) - before


def _spent(process: int) -> float:
    """CPU seconds of a process so far: fields 14 and 15 of its stat, counted after the name's closing bracket."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mib(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024
