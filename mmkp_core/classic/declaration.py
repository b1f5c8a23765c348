"""What a classic system reads, needs and answers with, derived from its spec."""

from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.parts.stages import TopicLossSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.errors import WrongInput
from mmkp_core.learning import Declaration


def declaration(spec: ClassicSpec) -> Declaration:
    """Refuses a spec whose parts do not fit together."""
    require_fit(spec)
    image = shown_image(spec)
    kinds = {
        "ocr": spec.reads.image_words,
        "attributes": spec.reads.attributes,
        "entities": spec.reads.entities,
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
    return ("joint", "generator", "classifier") if spec.writer.handover else ("generator", "classifier")


def require_fit(spec: ClassicSpec) -> None:
    handover = spec.writer.handover if spec.writer else None
    wrong = {
        "a system needs a classifier or a writer to answer with: set one": not (spec.classifier or spec.writer),
        "a classifier needs a fusion: set fusion.kind": spec.classifier and not spec.fusion,
        "a writer needs an encoder: set encoder.kind": spec.writer and not spec.encoder,
        "writer.handover needs a classifier: set classifier.kind": handover and not spec.classifier,
        "writer.handover needs copying: set writer.copying.oov": handover and not (spec.writer and spec.writer.copying),
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
