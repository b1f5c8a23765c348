"""The classic systems: one row each.

Copying itself is See et al. 2017 (arXiv 1704.04368); as a keyphrase system: Meng et al. 2017 (arXiv 1704.06879).
M3H-ATT is "Cross-Media Keyphrase Prediction: A Unified Framework with Multi-Modality Multi-Head Attention and
Image Wordings" (Wang et al., EMNLP 2020, arXiv 2011.01565). Its release holds one of the paper's variants,
in which the image's mean asks the text and attributes are absent; `m3h-att` is our reading of the paper's figure, where
a vector is fused from text, attributes and image.
"""

from dataclasses import replace

from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.learning import System

_M3H_ATT = ClassicSpec(fusion="each_asks_others", classifier=True, handover="normalised")
_HEADS = ("joint", "generator", "classifier")

CLASSIC_SYSTEMS: tuple[System, ...] = (
    System(
        id="copy",
        title="COPY",
        family="classic",
        kind="text, generate",
        paper="arXiv 1704.06879",
        spec=ClassicSpec(),
    ),
    System(
        id="copy-text",
        title="COPY, image words withheld",
        family="classic",
        kind="text, generate",
        paper="arXiv 1704.06879",
        spec=ClassicSpec(image_words=False),
    ),
    System(
        id="m3h-att",
        title="M3H-ATT",
        family="classic",
        kind="text and image",
        paper="arXiv 2011.01565",
        spec=_M3H_ATT,
        needs=("image",),
        heads=_HEADS,
    ),
    System(
        id="m3h-att-as-released",
        title="M3H-ATT as released",
        family="classic",
        kind="text and image",
        paper="arXiv 2011.01565",
        spec=ClassicSpec(fusion="image_asks_text", classifier=True, handover="as_released"),
        needs=("image",),
        heads=_HEADS,
    ),
    System(
        id="m3h-att-blind",
        title="M3H-ATT, image withheld",
        family="classic",
        kind="text, generate",
        paper="arXiv 2011.01565",
        spec=replace(_M3H_ATT, blind=True),
        heads=_HEADS,
    ),
)
