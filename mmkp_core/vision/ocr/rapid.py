"""Runs RapidOCR: PP-OCR models on onnxruntime, light to load."""

from pathlib import Path
from typing import Any

import numpy as np

from mmkp_core.vision.decoding import Decoded
from mmkp_core.vision.ocr.engine import AbstractOcrEngine, Line
from mmkp_core.vision.ocr.models import find_models, missing_models
from mmkp_core.vision.ocr.spec import OcrSpec


class RapidEngine(AbstractOcrEngine):
    name = "rapid"

    def __init__(self, spec: OcrSpec) -> None:
        self._spec = spec
        self._rapid: Any = None

    def missing(self) -> str:
        return missing_models(self._spec)

    def open(self, work: Path) -> None:
        from rapidocr import RapidOCR

        models = find_models(self._spec)
        settings: dict[str, Any] = {
            "Global.log_level": "error",
            "Global.text_score": 0.0,  # every line is kept; the threshold is applied to the words
            "Global.use_cls": self._spec.angle_classifier,
            "Det.model_path": str(models.det),
            "Det.limit_type": "max",
            "Det.limit_side_len": self._spec.side_limit,
            "Rec.model_path": str(models.rec),
            "Rec.rec_batch_num": 1,  # lines of one batch are padded to the longest: more work on a CPU, not less
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        if models.cls:
            settings["Cls.model_path"] = str(models.cls)
        self._rapid = RapidOCR(params=settings)

    def read(self, image: Decoded) -> tuple[Line, ...]:
        found = self._rapid(np.ascontiguousarray(image.rgb[..., ::-1]))  # engines take BGR
        if found.txts is None or found.boxes is None or found.scores is None:
            return ()
        size = np.array([image.rgb.shape[1], image.rgb.shape[0]], dtype=np.float64)
        return tuple(
            Line(text, float(score), tuple((np.asarray(box) / size).round(4).ravel().tolist()))
            for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True)
        )

    def close(self) -> None:
        self._rapid = None
