"""The table of OCR engines: where each one's class is, which packages it needs, and what its rows are kept under."""

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pkgutil import resolve_name

from mmkp_core.errors import Unavailable, UnknownName
from mmkp_core.identity import fingerprint
from mmkp_core.vision.decoding import DECODE_VERSION
from mmkp_core.vision.ocr.clean import CLEAN_VERSION
from mmkp_core.vision.ocr.engine import AbstractOcrEngine
from mmkp_core.vision.ocr.models import find_models
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.vision.ocr.textless import TEXTLESS_VERSION

OCR_VERSION = 1  # raise it when a row's content changes for another reason than those that the fingerprint lists


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRow:
    """One OCR engine; its class is made from an `OcrSpec`."""

    engine: str
    """Import path of the class: `module:Name`."""
    packages: tuple[str, ...]
    """Without which it cannot run."""
    versioned: tuple[str, ...]
    """Packages whose releases may change what is read; onnxruntime only runs the models."""


OCR_ENGINES: Mapping[str, EngineRow] = {
    "paddle": EngineRow(
        engine="mmkp_core.vision.ocr.paddle:PaddleEngine",
        packages=("paddleocr", "paddlex", "onnxruntime"),
        versioned=("paddleocr", "paddlex"),
    ),
    "rapid": EngineRow(
        engine="mmkp_core.vision.ocr.rapid:RapidEngine",
        packages=("rapidocr", "onnxruntime"),
        versioned=("rapidocr",),
    ),
}
"""By the name that `ocr.engine` takes; the first is the default."""


def make_engine(spec: OcrSpec) -> AbstractOcrEngine:
    """The engine of `spec`, not open yet."""
    if reason := unavailable(spec):
        raise Unavailable(reason)
    return _engine(spec)


def unavailable(spec: OcrSpec) -> str:
    """Why this machine cannot read images as `spec` asks, with what to do; empty if it can. Loads no models."""
    for package in _row(spec).packages:
        if importlib.util.find_spec(package) is None:
            others = " or ".join(name for name in OCR_ENGINES if name != spec.engine)
            return f"package {package} is missing; pip install {package}, or set ocr.engine={others}"
    return _engine(spec).missing()


def engine_fingerprint(spec: OcrSpec) -> str:
    """What rows of this engine are kept under: its version, its models' bytes and every setting that changes words."""
    versions = {package: importlib.metadata.version(package) for package in _row(spec).versioned}
    settings = replace(spec, models="")  # where the models lie changes nothing; what they are does
    code = (OCR_VERSION, DECODE_VERSION, CLEAN_VERSION, TEXTLESS_VERSION)
    return fingerprint("ocr", settings, versions, find_models(spec).hashes(), code)


def _engine(spec: OcrSpec) -> AbstractOcrEngine:
    engine: AbstractOcrEngine = resolve_name(_row(spec).engine)(spec)
    return engine


def _row(spec: OcrSpec) -> EngineRow:
    if spec.engine not in OCR_ENGINES:
        raise UnknownName("OCR engine", spec.engine, OCR_ENGINES)
    return OCR_ENGINES[spec.engine]
