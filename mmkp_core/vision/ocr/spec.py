"""The settings of OCR; each of them changes the words that come out."""

from typing import Annotated, Literal

from annotated_types import Ge, Le

from mmkp_core.spec import spec


@spec
class OcrSpec:
    """How the words in images are read."""

    engine: Literal["paddle", "rapid"] = "paddle"
    """`paddle` is PaddleOCR through onnxruntime; `rapid` is RapidOCR: the same models, ready in one second instead of
    ten, with half the memory."""
    models: str = "bundled"
    """`bundled` are the PP-OCRv6 small models that the rapidocr wheel carries (Latin, Chinese and Japanese scripts).
    Otherwise a folder with `det/` and `rec/`, each holding `inference.onnx` and, for `paddle`, `inference.yml`."""
    side_limit: Annotated[int, Ge(160), Le(4000)] = 736
    """Images are shrunk to this many pixels on their longer side before text is looked for; never enlarged."""
    angle_classifier: bool = False
    """Turn lines that stand upside down. It also turns some that do not, so it loses more than it wins."""
    min_score: Annotated[float, Ge(0), Le(1)] = 0.6
    """Lines that the engine is less sure of give no words; they stay in the table."""
    skip_textless: bool = True
    """Do not run the engine on images whose edges cannot be letters; such rows say `no_text`."""
