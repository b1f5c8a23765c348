"""Runs PaddleOCR on onnxruntime, without paddlepaddle and without a download.

PaddleOCR reads a model from a folder with `inference.onnx` and `inference.yml`. The rapidocr wheel carries the ONNX
files of PP-OCRv6 small; the two short yml files are written here.
"""

import json
import logging
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from mmkp_core.errors import WrongInput
from mmkp_core.vision.decoding import Decoded
from mmkp_core.vision.ocr.engine import AbstractOcrEngine, Line
from mmkp_core.vision.ocr.models import ModelFiles, find_models, missing_models
from mmkp_core.vision.ocr.spec import OcrSpec


class PaddleEngine(AbstractOcrEngine):
    name = "paddle"

    def __init__(self, spec: OcrSpec) -> None:
        self._spec = spec
        self._paddle: Any = None

    def missing(self) -> str:
        if self._spec.angle_classifier and self._spec.models == "bundled":
            return (
                "the bundled models hold no angle classifier for PaddleOCR; set ocr.engine=rapid, or ocr.models to a "
                "folder that has cls/inference.onnx and cls/inference.yml"
            )
        return missing_models(self._spec, with_settings=True)

    def open(self, work: Path) -> None:
        # paddlex makes a folder in the home directory on import and greets on its own log handler
        os.environ["PADDLE_PDX_CACHE_HOME"] = str(work / "paddlex")
        os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
        logging.getLogger("paddlex").setLevel(logging.ERROR)
        from paddleocr import PaddleOCR

        for name in ("paddlex", "ppocr", "paddleocr"):
            logging.getLogger(name).setLevel(logging.ERROR)
        models = find_models(self._spec, with_settings=True)
        if self._spec.models == "bundled":
            models = write_model_folders(models, work / "models")
        folders = {"text_detection": models.det.parent, "text_recognition": models.rec.parent}
        if models.cls:
            folders["textline_orientation"] = models.cls.parent
        named: dict[str, str] = {}
        for role, folder in folders.items():
            named[f"{role}_model_dir"] = str(folder)
            named[f"{role}_model_name"] = model_name(folder / "inference.yml")  # must equal the one in the yml
        self._paddle = PaddleOCR(
            **named,
            engine="onnxruntime",
            engine_config={"intra_op_num_threads": 1, "inter_op_num_threads": 1},
            use_doc_orientation_classify=False,
            use_doc_unwarping=False,
            use_textline_orientation=self._spec.angle_classifier,
            text_det_limit_type="max",
            text_det_limit_side_len=self._spec.side_limit,
            text_rec_score_thresh=0.0,  # every line is kept; the threshold is applied to the words
            text_recognition_batch_size=1,
        )

    def read(self, image: Decoded) -> tuple[Line, ...]:
        found = self._paddle.predict(np.ascontiguousarray(image.rgb[..., ::-1]))[0]  # engines take BGR
        size = np.array([image.rgb.shape[1], image.rgb.shape[0]], dtype=np.float64)
        return tuple(
            Line(text, float(score), tuple((np.asarray(box) / size).round(4).ravel().tolist()))
            for text, score, box in zip(found["rec_texts"], found["rec_scores"], found["rec_polys"], strict=True)
            if text.strip()
        )

    def close(self) -> None:
        self._paddle = None


def write_model_folders(models: ModelFiles, folder: Path) -> ModelFiles:
    """The bundled files in the form that PaddleOCR reads; JSON is YAML."""
    detection = {
        "Global": {"model_name": "PP-OCRv6_small_det"},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"DetResizeForTest": None},
                {
                    "NormalizeImage": {
                        "mean": [0.485, 0.456, 0.406],
                        "std": [0.229, 0.224, 0.225],
                        "scale": "1./255.",
                        "order": "hwc",
                    }
                },
                {"ToCHWImage": None},
            ]
        },
        "PostProcess": {
            "name": "DBPostProcess",
            "thresh": 0.3,
            "box_thresh": 0.6,
            "max_candidates": 1000,
            "unclip_ratio": 1.5,
        },
    }
    recognition = {
        "Global": {"model_name": "PP-OCRv6_small_rec"},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"RecResizeImg": {"image_shape": [3, 48, 320]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": _characters(models.rec)},
    }
    found = {}
    for role, source, settings in (("det", models.det, detection), ("rec", models.rec, recognition)):
        target = folder / role / "inference.onnx"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.symlink_to(source)
        target.with_name("inference.yml").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
        found[role] = target
    return ModelFiles(found["det"], found["rec"], None)


def model_name(settings: Path) -> str:
    """Of an `inference.yml`, without reading the thousands of characters that it lists as YAML."""
    found = re.search(r"""["']?model_name["']?\s*:\s*["']?([\w.-]+)""", settings.read_text(encoding="utf-8"))
    if not found:
        raise WrongInput(f"{settings} names no Global.model_name; take the file that came with the model")
    return found.group(1)


def _characters(recognition: Path) -> list[str]:
    """What the model's outputs stand for, as the ONNX file itself says."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(recognition), providers=["CPUExecutionProvider"])
    listed: str = session.get_modelmeta().custom_metadata_map["character"]
    return listed.split("\n")
