"""What is an OCR engine: pixels in, lines of text with score and box out."""

import importlib.metadata
import importlib.util
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path

from mmkp_core.errors import Unavailable
from mmkp_core.identity import fingerprint
from mmkp_core.vision.decoding import DECODE_VERSION, Decoded
from mmkp_core.vision.ocr.clean import CLEAN_VERSION
from mmkp_core.vision.ocr.models import find_models
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.vision.ocr.textless import TEXTLESS_VERSION

OCR_VERSION = 1  # raise it when a row's content changes for another reason than those that the fingerprint lists

PACKAGES = {"paddle": ("paddleocr", "paddlex", "onnxruntime", "rapidocr"), "rapid": ("rapidocr", "onnxruntime")}
# onnxruntime runs the models and is left out of the fingerprint: its releases do not change what is read.
VERSIONED = {"paddle": ("paddleocr", "paddlex"), "rapid": ("rapidocr",)}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text in an image."""

    text: str
    score: float
    box: tuple[float, ...]
    """Four corners x1, y1, ... x4, y4 as shares of the image's width and height, clockwise from the top left."""


class AbstractOcrEngine(ABC):
    """One instance per process: PaddleOCR mixes results up when threads share it."""

    name: str

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


def make_engine(spec: OcrSpec) -> AbstractOcrEngine:
    """An engine that is not open yet, small enough to be sent to another process."""
    if reason := unavailable(spec):
        raise Unavailable(reason)
    match spec.engine:
        case "paddle":
            from mmkp_core.vision.ocr.paddle import PaddleEngine

            return PaddleEngine(spec)
        case "rapid":
            from mmkp_core.vision.ocr.rapid import RapidEngine

            return RapidEngine(spec)


def engine_fingerprint(spec: OcrSpec) -> str:
    """What rows of this engine are kept under: its version, its models' bytes and every setting that changes words."""
    versions = {package: importlib.metadata.version(package) for package in VERSIONED[spec.engine]}
    settings = replace(spec, models="")  # where the models lie changes nothing; what they are does
    code = (OCR_VERSION, DECODE_VERSION, CLEAN_VERSION, TEXTLESS_VERSION)
    return fingerprint("ocr", settings, versions, find_models(spec).hashes(), code)


def unavailable(spec: OcrSpec) -> str:
    """Why this machine cannot read images as `spec` asks, with what to do; empty if it can. Loads nothing."""
    for package in PACKAGES[spec.engine]:
        if spec.models != "bundled" and package == "rapidocr" and spec.engine == "paddle":
            continue  # only its models are wanted
        if importlib.util.find_spec(package) is None:
            other = "rapid" if spec.engine == "paddle" else "paddle"
            return f"package {package} is missing; pip install {package}, or set ocr.engine={other}"
    if spec.engine == "paddle" and spec.angle_classifier and spec.models == "bundled":
        return (
            "the bundled models hold no angle classifier for PaddleOCR; set ocr.engine=rapid, or ocr.models to a "
            "folder that has cls/inference.onnx and cls/inference.yml"
        )
    try:
        find_models(spec)
    except Unavailable as error:
        return str(error)
    return ""
