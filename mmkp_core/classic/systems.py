"""The classic systems: one row each.

Attention without copying: Bahdanau et al. 2015 (arXiv 1409.0473). Copying itself is See et al. 2017 (arXiv 1704.04368);
as a keyphrase system: Meng et al. 2017 (arXiv 1704.06879). M3H-ATT is "Cross-Media Keyphrase Prediction: A Unified
Framework with Multi-Modality Multi-Head Attention and Image Wordings" (Wang et al., EMNLP 2020, arXiv 2011.01565); VGG
and ATT are baselines there. The release holds one of the paper's variants, in which the image's mean asks the text and
attributes are absent; `m3h-att` is our reading of the paper's figure, where a vector is fused from text, attributes and
image.
"""

from dataclasses import replace

from mmkp_core.classic.parts.classifiers import LinearClassifierSpec
from mmkp_core.classic.parts.fusions import EachAsksOthersSpec, ImageAsksTextSpec, ImageMeanSpec
from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.parts.stages import HandoverLossSpec, StageSpec
from mmkp_core.classic.parts.writers import GruWriterSpec, HandoverSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.learning import System

_M3H_ATT = ClassicSpec(
    reads=ReadSpec(attributes=True),
    image=ImageSpec(),
    fusion=EachAsksOthersSpec(),
    classifier=LinearClassifierSpec(),
    writer=GruWriterSpec(handover=HandoverSpec()),
    stages=(
        StageSpec(),
        StageSpec(
            name="handover",
            objective=HandoverLossSpec(),
            frozen=("embedding", "encoder", "image", "fusion", "classifier"),
            keeps_writer=True,
            epochs=5,
            batch_size=64,
            learning_rate=1e-4,
        ),
    ),
)

CLASSIC_SYSTEMS: tuple[System, ...] = (
    System(
        id="image-grid",
        title="Image alone: the head of VGG on the weight-free grid",
        family="classic",
        kind="image only",
        paper="arXiv 2011.01565",
        spec=ClassicSpec(
            reads=ReadSpec(own_words=False, image_words=False),
            encoder=None,
            image=ImageSpec(features="grid"),
            fusion=ImageMeanSpec(),
            classifier=LinearClassifierSpec(),
            writer=None,
        ),
    ),
    System(
        id="att",
        title="ATT",
        family="classic",
        kind="text, generate",
        paper="arXiv 1409.0473",
        spec=ClassicSpec(writer=GruWriterSpec(copying=None)),
    ),
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
        spec=ClassicSpec(reads=ReadSpec(image_words=False)),
    ),
    System(
        id="m3h-att",
        title="M3H-ATT",
        family="classic",
        kind="text and image",
        paper="arXiv 2011.01565",
        spec=_M3H_ATT,
    ),
    System(
        id="m3h-att-as-released",
        title="M3H-ATT as released",
        family="classic",
        kind="text and image",
        paper="arXiv 2011.01565",
        spec=replace(
            _M3H_ATT,
            reads=ReadSpec(),
            fusion=ImageAsksTextSpec(),
            writer=GruWriterSpec(handover=HandoverSpec(shares="as_released")),
        ),
    ),
    System(
        id="m3h-att-blind",
        title="M3H-ATT, image withheld",
        family="classic",
        kind="text, generate",
        paper="arXiv 2011.01565",
        spec=replace(_M3H_ATT, reads=ReadSpec(), image=ImageSpec(withheld=True)),
    ),
)
