"""The interface of OCR engines: pixels in, lines of text with score and box out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from mmkp_core.vision.decoding import Decoded


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text in an image."""

    text: str
    score: float
    box: tuple[float, ...]
    """Four corners x1, y1, ... x4, y4 as shares of the image's width and height, clockwise from the top left."""


class AbstractOcrEngine(ABC):
    """One instance per process: PaddleOCR mixes results up when threads share it.

    Made without loading anything and small enough to be sent to another process, which opens it.
    """

    name: str

    def missing(self) -> str:
        """Why this machine cannot open it, with what to do; empty if it can. Its packages are there; loads nothing."""
        return ""

    @abstractmethod
    def open(self, work: Path) -> None:
        """Import and load what reading needs: seconds and hundreds of megabytes, so only where images are read.

        `work` is a folder for files that the engine needs while it runs.
        """

    @abstractmethod
    def read(self, image: Decoded) -> tuple[Line, ...]:
        """Lines as the engine found them. Anything it raises is a failure of this one image."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the models."""
