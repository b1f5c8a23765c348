"""Small posts and small models for the tests of the classic systems."""

from dataclasses import replace

import numpy as np

from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.systems import CLASSIC_SYSTEMS
from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.training.spec import TrainingSpec

SMALL = {"word_size": 12, "hidden": 16, "heads": 2, "head_size": 8, "copied_strangers": 3}
COLOURS = ("red", "green", "blue", "white")


def small(system: str, **changes: object) -> ClassicSpec:
    """A system of the table with few numbers and few epochs."""
    spec = next(row.spec for row in CLASSIC_SYSTEMS if row.id == system)
    training = TrainingSpec(epochs=2, batch_size=8, learning_rate=5e-3)
    small: ClassicSpec = replace(spec, training=training, handover_training=replace(training, epochs=1), **SMALL)
    return replace(small, **changes)  # type: ignore[arg-type]


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
