"""An engine that answers from a table, and fails or dies as real ones do: for tests of the pool and the reading."""

import hashlib
import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from mmkp_core.vision.decoding import Decoded
from mmkp_core.vision.ocr.engine import AbstractOcrEngine, Line


def pixels_key(image: Decoded) -> str:
    """What the table is keyed by: an engine sees pixels alone."""
    return hashlib.sha256(repr(image.rgb.shape).encode() + image.rgb.tobytes()).hexdigest()


class ScriptedEngine(AbstractOcrEngine):
    name = "scripted"

    def __init__(
        self,
        answers: Mapping[str, tuple[Line, ...]],
        fails_on: Collection[str] = (),
        dies_on: Collection[str] = (),
        hangs_on: Collection[str] = (),
        opens: bool = True,
    ) -> None:
        self._answers = answers
        self._fails_on = fails_on
        self._dies_on = dies_on
        self._hangs_on = hangs_on
        self._opens = opens

    def open(self, work: Path) -> None:
        if not self._opens:
            raise FileNotFoundError("the script says that there is no model")

    def read(self, image: Decoded) -> tuple[Line, ...]:
        key = pixels_key(image)
        if key in self._dies_on:
            os._exit(86)
        if key in self._hangs_on:
            time.sleep(3600)
        if key in self._fails_on:
            raise RuntimeError("the script says that this image fails")
        return self._answers.get(key, ())

    def close(self) -> None:
        pass
