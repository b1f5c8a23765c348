"""The classic systems: one row each.

Attention without copying: Bahdanau et al. 2015 (arXiv 1409.0473). Copying itself is See et al. 2017 (arXiv 1704.04368);
as a keyphrase system: Meng et al. 2017 (arXiv 1704.06879). ONE2SEQ is Yuan et al. 2020 (arXiv 1810.05241) on a
Transformer, ONE2SET Ye et al. 2021 (arXiv 2105.11134); both copy by the additive attention of the other writers here,
not by their last layer's. TMN is Zeng et al. 2018 (arXiv 1809.03664) and TOPIC Wang et al. 2019 (arXiv 1906.03889);
their topics and what reads them learn together by Adam, after the topics alone. CO-ATT is "Hashtag Recommendation for
Multimodal Microblog Using Co-Attention Network" (Zhang et al., IJCAI 2017), BAN "Bilinear Attention Networks" (Kim et
al. 2018). M3H-ATT is "Cross-Media Keyphrase Prediction: A Unified Framework with Multi-Modality Multi-Head Attention
and Image Wordings" (Wang et al., EMNLP 2020, arXiv 2011.01565); VGG, AVG, MAX, ATT, COPY, CO-ATT and BAN are baselines
there, which read no words of the image. The release holds one of the paper's variants, in which the image's mean asks
the text and attributes are absent; `m3h-att` is our reading of the paper's figure, where a vector is fused from text,
attributes and image. M3H-ATT(TF) is a row of MM-MKP's table (Dong et al., MM 2023, arXiv 2309.04734), which states none
of its sizes.
"""

from dataclasses import replace

from mmkp_core.classic.mm_mkp import MM_MKP_SYSTEMS
from mmkp_core.classic.parts.classifiers import LinearClassifierSpec, TwoLayerClassifierSpec
from mmkp_core.classic.parts.encoders import TransformerEncoderSpec
from mmkp_core.classic.parts.fusions import (
    BilinearSpec,
    CoAttentionSpec,
    EachAsksOthersSpec,
    ImageAsksTextSpec,
    ImageMeanSpec,
    TextPoolSpec,
    TopicMemorySpec,
)
from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.parts.neighbours import NeighbourSpec
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.parts.stages import (
    HandoverLossSpec,
    StageSpec,
    TopicLossSpec,
)
from mmkp_core.classic.parts.topics import TopicSpec
from mmkp_core.classic.parts.writers import (
    GruWriterSpec,
    HandoverSpec,
    SetWriterSpec,
    TransformerWriterSpec,
)
from mmkp_core.classic.spec import ClassicSpec, DecodeSpec
from mmkp_core.learning import System
from mmkp_core.training.spec import TrainingSpec

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
_M3H_ATT_AS_RELEASED = replace(
    _M3H_ATT,
    reads=ReadSpec(),
    fusion=ImageAsksTextSpec(),
    writer=GruWriterSpec(handover=HandoverSpec(shares="as_released")),
)

_OWN_WORDS = ReadSpec(image_words=False)
_IMAGE_ALONE = ClassicSpec(
    reads=ReadSpec(own_words=False, image_words=False),
    encoder=None,
    image=ImageSpec(),
    fusion=ImageMeanSpec(),
    classifier=LinearClassifierSpec(),
    writer=None,
)
_TEXT_POOL = ClassicSpec(reads=_OWN_WORDS, fusion=TextPoolSpec(), classifier=LinearClassifierSpec(), writer=None)
NEIGHBOUR_COPY = ClassicSpec(neighbours=NeighbourSpec(), hidden=200, dropout=0.5, training=TrainingSpec(batch_size=16))
"""Its sizes are those of the best F1@1 for the validation tenth of 5,370 tweets."""
_TOPICS_FIRST = StageSpec(name="topics", objective=TopicLossSpec(), epochs=100)
_ONE_TO_MANY = ClassicSpec(
    reads=_OWN_WORDS,
    encoder=TransformerEncoderSpec(layers=6, heads=8, inner=2048),
    word_size=512,
    hidden=512,
    training=TrainingSpec(epochs=20, learning_rate=1e-4, batch_size=12, clip=1.0, patience=4),
)

CLASSIC_SYSTEMS: tuple[System, ...] = (
    System(
        id="image-grid",
        title="Image alone: the head of VGG on the weight-free grid",
        family="classic",
        kind="image only",
        paper="arXiv 2011.01565",
        spec=_IMAGE_ALONE,
    ),
    System(
        id="vgg",
        title="VGG",
        family="classic",
        kind="image only",
        paper="arXiv 2011.01565",
        spec=replace(_IMAGE_ALONE, image=ImageSpec(features="vgg16")),
    ),
    System(
        id="avg",
        title="AVG",
        family="classic",
        kind="text, classify",
        paper="arXiv 2011.01565",
        spec=_TEXT_POOL,
    ),
    System(
        id="max",
        title="MAX",
        family="classic",
        kind="text, classify",
        paper="arXiv 2011.01565",
        spec=replace(_TEXT_POOL, fusion=TextPoolSpec(pool="max")),
    ),
    System(
        id="tmn",
        title="TMN",
        family="classic",
        kind="text, classify",
        paper="arXiv 1809.03664",
        spec=ClassicSpec(
            reads=_OWN_WORDS,
            encoder=None,
            topics=TopicSpec(sparsity=0.75),
            fusion=TopicMemorySpec(),
            classifier=LinearClassifierSpec(),
            writer=None,
            hidden=1536,
            dropout=0.05,
            training=TrainingSpec(batch_size=32),
            stages=(_TOPICS_FIRST, StageSpec()),
        ),
    ),
    System(
        id="att",
        title="ATT",
        family="classic",
        kind="text, generate",
        paper="arXiv 1409.0473",
        spec=ClassicSpec(reads=_OWN_WORDS, writer=GruWriterSpec(copying=None)),
    ),
    System(
        id="copy",
        title="COPY",
        family="classic",
        kind="text, generate",
        paper="arXiv 1704.06879",
        spec=ClassicSpec(reads=_OWN_WORDS),
    ),
    System(
        id="copy-ocr",
        title="COPY, image words read too",
        family="classic",
        kind="text, generate",
        paper="arXiv 1704.06879",
        spec=ClassicSpec(),
    ),
    System(
        id="topic",
        title="TOPIC",
        family="classic",
        kind="text, generate",
        paper="arXiv 1906.03889",
        spec=ClassicSpec(
            reads=_OWN_WORDS,
            topics=TopicSpec(),
            writer=GruWriterSpec(topics=("words", "attention", "output", "switch")),
            training=TrainingSpec(clip=1.0),
            stages=(_TOPICS_FIRST, StageSpec()),
        ),
    ),
    System(
        id="one2seq",
        title="ONE2SEQ",
        family="classic",
        kind="text, generate",
        paper="arXiv 1810.05241",
        spec=replace(
            _ONE_TO_MANY,
            writer=TransformerWriterSpec(target="all", layers=6, heads=8, inner=2048),
            decoding=DecodeSpec(beam=1, steps=60),
        ),
    ),
    System(
        id="one2set",
        title="ONE2SET",
        family="classic",
        kind="text, generate",
        paper="arXiv 2105.11134",
        spec=replace(_ONE_TO_MANY, writer=SetWriterSpec(layers=6, heads=8, inner=2048)),
    ),
    System(
        id="neighbour-copy",
        title="NEIGHBOUR-COPY (ours)",
        family="classic",
        kind="text, generate",
        paper="ours",
        spec=NEIGHBOUR_COPY,
    ),
    System(
        id="co-att",
        title="CO-ATT",
        family="classic",
        kind="text and image",
        paper="IJCAI 2017, p. 3420",
        spec=replace(_TEXT_POOL, image=ImageSpec(), fusion=CoAttentionSpec()),
    ),
    System(
        id="ban",
        title="BAN",
        family="classic",
        kind="text and image",
        paper="arXiv 1805.07932",
        spec=replace(_TEXT_POOL, image=ImageSpec(), fusion=BilinearSpec(), classifier=TwoLayerClassifierSpec()),
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
        spec=_M3H_ATT_AS_RELEASED,
    ),
    System(
        id="m3h-att-po",
        title="M3H-ATT(PO): the words that PaddleOCR reads",
        family="classic",
        kind="text and image",
        paper="arXiv 2309.04734",
        spec=replace(_M3H_ATT_AS_RELEASED, reads=ReadSpec(parts="always")),
    ),
    System(
        id="m3h-att-tf",
        title="M3H-ATT(TF): Transformers in place of GRUs",
        family="classic",
        kind="text and image",
        paper="arXiv 2309.04734",
        spec=replace(
            _M3H_ATT,
            encoder=TransformerEncoderSpec(),
            writer=TransformerWriterSpec(handover=HandoverSpec()),
            training=TrainingSpec(learning_rate=1e-4),
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
    *MM_MKP_SYSTEMS,
)
