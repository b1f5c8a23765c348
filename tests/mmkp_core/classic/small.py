"""Small posts and small models for the tests of the classic systems."""

import numpy as np

from mmkp_core.classic.batch import AnyField, ClassicSamples
from mmkp_core.classic.build import build_model
from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.model import KeyphraseModel
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.systems import CLASSIC_SYSTEMS
from mmkp_core.classic.texts import vocabularies
from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.learning import Progress
from mmkp_core.spec import changed, has_setting

SMALL = {
    "word_size": 12,
    "hidden": 18,  # shared evenly by two heads, and by three widths of convolutions
    "topics.topics": 4,
    "topics.inner": 12,
    "topics.left_out": 0,
    "fusion.memory": 8,
    "fusion.heads": 2,
    "fusion.head_size": 8,
    "neighbours.inner": 8,
    "matching.heads": 2,
    "matching.head_size": 8,
    "matching.shared": 8,
    "matching.inner": 4,
    "fusion.rank": 16,
    "encoder.layers": 2,
    "encoder.heads": 2,
    "encoder.inner": 24,
    "writer.layers": 2,
    "writer.heads": 2,
    "writer.inner": 24,
    "writer.codes": 4,
    "writer.copying.oov": 3,
    "without_validation": "all_epochs",
    "training.epochs": 2,
    "training.batch_size": 8,
    "training.learning_rate": 5e-3,
    "stages.topics.epochs": 2,
    "stages.handover.epochs": 1,
    "stages.handover.batch_size": 8,
}
COLOURS = ("red", "green", "blue", "white")


def silent(progress: Progress) -> None:
    pass


def small(system: str, **changes: object) -> ClassicSpec:
    """A system of the table with few numbers and few epochs; `training__epochs` changes `training.epochs`."""
    spec: ClassicSpec = next(row.spec for row in CLASSIC_SYSTEMS if row.id == system)
    few = changed(spec, {path: value for path, value in SMALL.items() if has_setting(spec, path)})
    return changed(few, {name.replace("__", "."): value for name, value in changes.items()})


def generator_only(system: str, **changes: object) -> ClassicSpec:
    """A system without its hand-over and the stage that learns it."""
    from dataclasses import replace

    spec = small(system, **changes)
    assert spec.writer is not None
    return replace(spec, writer=replace(spec.writer, handover=None), stages=spec.stages[:1])


def posts(count: int, seed: int = 0) -> tuple[list[Example], ImageFeatures]:
    """Posts of three kinds: the phrase stands in the text, in the image's words, or is a colour that only shows."""
    draw = np.random.default_rng(seed)
    matrix = draw.normal(0, 0.1, (count, 4, 5)).astype(np.float32)
    examples = []
    for number in range(count):
        words = [f"word{n}" for n in draw.integers(0, 20, draw.integers(3, 9))]
        colour = int(draw.integers(0, 4))
        matrix[number, :, colour] += 2.0
        place = int(draw.integers(0, len(words)))
        kind = ("text", "slogan", "colour")[number % 3]
        name = f"name{draw.integers(0, 6)}"
        phrases = {"text": f"go {name}", "slogan": f"buy {name}", "colour": f"all {COLOURS[colour]}"}
        if kind == "text":
            words[place:place] = ["go", name]
        post = Post(
            post_id=f"post {number}", text=" ".join(words), keyphrases=(phrases[kind],), image=f"image {number}"
        )
        seen = f"buy {name} today" if kind == "slogan" else ""
        examples.append(Example(post=post, image_words=seen, attributes=("wide", "dark")[: number % 3]))
    return examples, ImageFeatures(matrix, {f"image {n}": n for n in range(count)})


def example(text: str, *keyphrases: str, image: str | None = None, seen: str = "") -> Example:
    return Example(post=Post(post_id=text, text=text, keyphrases=keyphrases, image=image), image_words=seen)


def inputs(
    examples: list[Example], spec: ClassicSpec, features: ImageFeatures | None = None, numbers: int = 5
) -> FieldInputs:
    return FieldInputs(examples, vocabularies(examples, spec), spec, features, numbers)


def samples(given: FieldInputs, *fields: AnyField) -> ClassicSamples:
    return ClassicSamples(given, fields)


def model_and_samples(spec: ClassicSpec, count: int = 24) -> tuple[KeyphraseModel, ClassicSamples]:
    """A model of random weights, and posts in the fields that it needs."""
    import torch

    examples, features = posts(count)
    given = inputs(examples, spec, features)
    torch.manual_seed(0)
    model = build_model(spec, given.known, features.numbers)
    return model, ClassicSamples(given, model.fields())
