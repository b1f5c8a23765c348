"""What a classic system reads, needs and answers with, derived from its spec."""

from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.parts.stages import MatchedPhraseLossSpec, TopicLossSpec
from mmkp_core.classic.parts.writers import SequenceSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.errors import WrongInput
from mmkp_core.learning import Declaration


def declaration(spec: ClassicSpec) -> Declaration:
    """Refuses a spec whose parts do not fit together."""
    require_fit(spec)
    image, third = shown_image(spec), spec.reads.in_their_place
    kinds = {
        "ocr": spec.reads.image_words,
        "attributes": spec.reads.attributes or (spec.reads.entities and third == "attributes"),
        "entities": spec.reads.entities and third == "entities",
        "matches": reads_matches(spec),
        f"features/{image.features if image else ''}": image is not None,
    }
    return Declaration(
        own_words=spec.reads.own_words,
        reads=tuple(kind for kind, wanted in kinds.items() if wanted),
        needs=("image",) if image else (),
        heads=heads(spec),
    )


def shown_image(spec: ClassicSpec) -> ImageSpec | None:
    """The image side, where its vectors are read and not withheld."""
    return None if spec.image is None or spec.image.withheld else spec.image


def heads(spec: ClassicSpec) -> tuple[str, ...]:
    """The names of its answers: `phrases` where there is one; else by the part that gives it."""
    if spec.writer is None or spec.classifier is None:
        return ("phrases",)
    if not spec.writer.handover:
        return ("generator", "classifier")
    kept = any(stage.keeps_writer for stage in spec.stages)
    return ("joint", "generator", "classifier") if kept else ("joint", "classifier")


def reads_matches(spec: ClassicSpec) -> bool:
    """Whether the data set's match scores are read."""
    given = spec.matching is not None and spec.matching.whole == "given"
    learned = any(isinstance(s.objective, MatchedPhraseLossSpec) and s.objective.pairs == "given" for s in spec.stages)
    return given or learned or spec.reads.least_match > 0


def require_fit(spec: ClassicSpec) -> None:
    handover = spec.writer.handover if spec.writer else None
    wrong = {
        "a system needs a classifier or a writer to answer with: set one": not (spec.classifier or spec.writer),
        "a classifier needs a fusion: set fusion.kind": spec.classifier and not spec.fusion,
        "a writer needs an encoder: set encoder.kind": spec.writer and not spec.encoder,
        "writer.handover needs a classifier: set classifier.kind": handover and not spec.classifier,
        "writer.handover needs copying: set writer.copying.oov": handover and not (spec.writer and spec.writer.copying),
        "matching needs an encoder and an image: set encoder.kind and image": spec.matching
        and not (spec.encoder and spec.image),
        "neighbours need a writer of one phrase at a time: set writer.kind and writer.target": spec.neighbours
        and not (isinstance(spec.writer, SequenceSpec) and spec.writer.target == "each"),
        "neighbours need copying: set writer.copying.oov": spec.neighbours
        and not (spec.writer and spec.writer.copying),
        "writer.topics needs topics: set topics.topics": spec.writer and spec.writer.topics and not spec.topics,
        "a stage that learns topics needs topics: set topics.topics": not spec.topics
        and any(isinstance(stage.objective, TopicLossSpec) for stage in spec.stages),
        "a system needs a stage of training": not spec.stages,
        "two stages have one name": len({stage.name for stage in spec.stages}) < len(spec.stages),
    }
    if spec.fusion:
        for side in spec.fusion.joins:
            wrong[f"fusion {spec.fusion.kind} needs {side}: set one"] = getattr(spec, side) is None
    for message, is_so in wrong.items():
        if is_so:
            raise WrongInput(message)
