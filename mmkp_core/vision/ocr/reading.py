"""Turns one image into one row: decodes it, skips it if it can hold no words, reads and cleans; no image raises."""

from functools import partial
from pathlib import Path

from mmkp_core.vision.decoding import Undecodable, decode
from mmkp_core.vision.ocr.clean import words_of
from mmkp_core.vision.ocr.engine import AbstractOcrEngine
from mmkp_core.vision.ocr.rows import Reading
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.vision.ocr.textless import may_hold_words

THINNEST = 8  # pixels on the shorter side: less high than any letter, and engines fail on such strips
BOUND = 2000  # pixels on the longer side; detectors shrink further, lines are cut from this


def read_image(engine: AbstractOcrEngine, spec: OcrSpec, image_key: str, source: bytes | Path) -> Reading:
    row = partial(Reading, image_key=image_key, engine=engine.name)
    try:
        image = decode(source, bound=max(BOUND, spec.side_limit))
        if isinstance(image, Undecodable):
            return row(status=image.trouble, detail=image.detail)
        if min(image.rgb.shape[:2]) < THINNEST or (spec.skip_textless and not may_hold_words(image, spec.side_limit)):
            return row(status="no_text")
        lines = engine.read(image)
    except Exception as error:
        # A foreign engine may raise anything, and a file may be unreadable just now: neither says what the image shows.
        return row(status="engine_error", detail=f"{type(error).__name__}: {error}"[:500])
    words = words_of(lines, spec.min_score)
    return row(status="ok" if words else "empty", words=words, lines=lines)
