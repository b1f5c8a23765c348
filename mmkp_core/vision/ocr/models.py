"""Finds the model files of an OCR engine and names the one that is missing."""

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mmkp_core.errors import Unavailable
from mmkp_core.vision.ocr.spec import OcrSpec

BUNDLED = {
    "det": "PP-OCRv6_det_small.onnx",
    "rec": "PP-OCRv6_rec_small.onnx",
    "cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    det: Path
    rec: Path
    cls: Path | None
    """The angle classifier, where the spec wants one."""

    def hashes(self) -> dict[str, str]:
        """By role: a folder that moved holds the same models, a file that changed does not. A model's `inference.yml`
        counts as part of it."""
        files = {"det": self.det, "rec": self.rec} | ({"cls": self.cls} if self.cls else {})
        found = {role: _sha256(path, path.stat().st_mtime_ns) for role, path in files.items()}
        for role, path in files.items():
            settings = path.with_name("inference.yml")
            if settings.exists():
                found[f"{role}.yml"] = _sha256(settings, settings.stat().st_mtime_ns)
        return found


def find_models(spec: OcrSpec, *, with_settings: bool = False) -> ModelFiles:
    """The files that `spec` names; Unavailable says which is missing and what to do.

    `with_settings`: each model of a folder needs an `inference.yml` beside it.
    """
    bundled = spec.models == "bundled"
    folder = _bundled_folder() if bundled else Path(spec.models)
    roles = ["det", "rec"] + (["cls"] if spec.angle_classifier else [])
    files = {role: folder / (BUNDLED[role] if bundled else f"{role}/inference.onnx") for role in roles}
    missing = [path for path in files.values() if not path.is_file()]
    if with_settings and not bundled:
        missing += [yml for path in files.values() if not (yml := path.with_name("inference.yml")).is_file()]
    if missing:
        raise Unavailable(
            f"OCR model {missing[0]} is missing; "
            + ("reinstall rapidocr, whose wheel carries it" if bundled else "put it there or set ocr.models=bundled")
        )
    return ModelFiles(files["det"], files["rec"], files.get("cls"))


def missing_models(spec: OcrSpec, *, with_settings: bool = False) -> str:
    """What `find_models` would say is missing; empty where nothing is."""
    try:
        find_models(spec, with_settings=with_settings)
    except Unavailable as error:
        return str(error)
    return ""


def _bundled_folder() -> Path:
    spec = importlib.util.find_spec("rapidocr")  # found, not imported
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(
            "package rapidocr is missing, whose wheel carries the bundled OCR models; "
            "pip install 'rapidocr>=3.10,<3.11' or set ocr.models to a folder of models"
        )
    return Path(spec.submodule_search_locations[0]) / "models"


@lru_cache(maxsize=32)
def _sha256(path: Path, modified: int) -> str:
    """`modified` is there for the cache alone: 21 MB need not be hashed for every shard."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
