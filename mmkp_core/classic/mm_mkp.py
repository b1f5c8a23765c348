"""MM-MKP (Dong et al., MM 2023, arXiv 2309.04734): the system, its variants, and each ablation of its Table 2.

Its writer learns in the first stage too, as in the release.
"""

from dataclasses import replace
from typing import Any

from mmkp_core.classic.parts.classifiers import LinearClassifierSpec, TwoLayerClassifierSpec
from mmkp_core.classic.parts.encoders import TransformerEncoderSpec
from mmkp_core.classic.parts.fusions import ImageAsksTextSpec, TextAsksImageSpec
from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.parts.matching import MatchingSpec
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.parts.stages import HandoverLossSpec, MatchedPhraseLossSpec, StageSpec
from mmkp_core.classic.parts.writers import FeedingGruWriterSpec, GruWriterSpec, HandoverSpec, TransformerWriterSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.learning import System
from mmkp_core.training.spec import TrainingSpec

_MM_MKP = ClassicSpec(
    reads=ReadSpec(entities=True, part_vectors=True),
    image=ImageSpec(),
    matching=MatchingSpec(),
    fusion=TextAsksImageSpec(),
    classifier=TwoLayerClassifierSpec(),
    writer=FeedingGruWriterSpec(handover=HandoverSpec()),
    stages=(
        StageSpec(name="matching", objective=MatchedPhraseLossSpec()),
        StageSpec(
            name="handover",
            objective=HandoverLossSpec(),
            frozen=("embedding", "part_vectors", "encoder", "image", "matching", "fusion", "classifier"),
            keeps_writer=True,
            epochs=5,
            batch_size=64,
            learning_rate=1e-4,
        ),
    ),
)


def _row(id: str, title: str, spec: ClassicSpec) -> System:
    return System(id=id, title=title, family="classic", kind="text and image", paper="arXiv 2309.04734", spec=spec)


def _first_stage(spec: ClassicSpec, **changes: Any) -> ClassicSpec:
    """With other settings of what the first stage learns."""
    first, *later = spec.stages
    return replace(spec, stages=(replace(first, objective=replace(first.objective, **changes)), *later))


_READS, _FILTER = _MM_MKP.reads, MatchingSpec()

MM_MKP_SYSTEMS: tuple[System, ...] = (
    _row("mm-mkp", "MM-MKP", _MM_MKP),
    _row(
        "mm-mkp-as-released",
        "MM-MKP as released",
        replace(
            _MM_MKP,
            matching=MatchingSpec(asks="image", joined="averaged", shared=300, inner=1),
            fusion=ImageAsksTextSpec(),
            classifier=LinearClassifierSpec(),
            writer=GruWriterSpec(handover=HandoverSpec(shares="as_released")),
            stages=(
                StageSpec(name="matching", objective=MatchedPhraseLossSpec(compared="scores", gold_learns=True)),
                _MM_MKP.stages[1],
            ),
        ),
    ),
    _row(
        "mm-mkp-tf",
        "MM-MKP(TF): Transformers in place of GRUs",
        replace(
            _MM_MKP,
            encoder=TransformerEncoderSpec(),
            writer=TransformerWriterSpec(handover=HandoverSpec()),
            training=TrainingSpec(learning_rate=1e-4),
        ),
    ),
    _row(
        "mm-mkp-random-words",
        "MM-MKP, random words in place of entities",
        replace(_MM_MKP, reads=replace(_READS, in_their_place="random_words")),
    ),
    _row(
        "mm-mkp-attributes",
        "MM-MKP, attributes in place of entities",
        replace(_MM_MKP, reads=replace(_READS, in_their_place="attributes")),
    ),
    _row(
        "mm-mkp-given-match",
        "MM-MKP, match score as the data set gives it",
        replace(_MM_MKP, matching=replace(_FILTER, whole="given")),
    ),
    _row(
        "mm-mkp-matched-words",
        "MM-MKP, image's words and entities read where the given match score is above 0.5",
        replace(_MM_MKP, reads=replace(_READS, least_match=0.5)),
    ),
    _row("mm-mkp-no-itm-loss", "MM-MKP without L_itm", _first_stage(_MM_MKP, pairs="none")),
    _row("mm-mkp-no-irtm-loss", "MM-MKP without L_irtm", _first_stage(_MM_MKP, gold_cells=False)),
    _row(
        "mm-mkp-no-classifier",
        "MM-MKP without L_cla: it copies from the text alone",
        replace(
            _MM_MKP,
            classifier=None,
            writer=FeedingGruWriterSpec(),
            stages=_MM_MKP.stages[:1],
        ),
    ),
    _row("mm-mkp-no-entities", "MM-MKP without entities", replace(_MM_MKP, reads=replace(_READS, entities=False))),
    _row("mm-mkp-no-ocr", "MM-MKP without image words", replace(_MM_MKP, reads=replace(_READS, image_words=False))),
    _row(
        "mm-mkp-no-image-match",
        "MM-MKP without image-text matching",
        replace(_MM_MKP, matching=replace(_FILTER, whole="none")),
    ),
    _row(
        "mm-mkp-no-region-match",
        "MM-MKP without region-text matching",
        replace(_MM_MKP, matching=replace(_FILTER, regions=False)),
    ),
    _row("mm-mkp-no-filter", "MM-MKP without the noise filter", replace(_MM_MKP, matching=None)),
)
