from dataclasses import replace

import numpy as np
import pytest

from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.fields.neighbours import NeighbourField
from mmkp_core.classic.memory import FACTS
from mmkp_core.classic.parts.neighbours import NeighbourSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import vocabularies
from mmkp_core.data.post import Example, ImageFeatures
from mmkp_core.data.vocabulary import EOS, PAD
from tests.mmkp_core.classic.small import example, inputs

TRAIN = [
    example("late night bus home", "night bus"),
    example("late night bus away", "night bus", "late"),
    example("cup final today", "cup final", image="picture"),
    example("late night bus home again today", "traffic"),
]


def lent(given: FieldInputs, place: int) -> list[tuple[str, ...]]:
    words = given.known.words.words
    batch = NeighbourField(given).batch(np.array([place]))
    phrases = [[number for number in phrase if number != PAD] for phrase in batch.words_BKT[0].tolist()]
    assert all(phrase[-1] == EOS for phrase in phrases if phrase)
    return [tuple(words[number] for number in phrase[:-1]) for phrase in phrases if phrase]


def asked(*posts: Example, spec: ClassicSpec, features: ImageFeatures | None = None) -> FieldInputs:
    return FieldInputs(list(posts), vocabularies(TRAIN, spec, features), spec, features, 1)


def test_what_near_posts_have_is_lent_the_likeliest_first() -> None:
    spec = ClassicSpec(neighbours=NeighbourSpec())
    given = asked(example("late night bus"), example("nothing known"), spec=spec)

    assert lent(given, 0)[0] == ("night", "bus")
    assert set(lent(given, 0)) == {("night", "bus"), ("late",), ("traffic",)}
    assert lent(given, 1) == []


def test_no_more_phrases_are_lent_than_asked() -> None:
    spec = ClassicSpec(neighbours=NeighbourSpec(phrases=1))
    assert lent(asked(example("late night bus"), spec=spec), 0) == [("night", "bus")]


def test_neither_a_training_post_nor_its_near_copies_lend_it_anything() -> None:
    """The first and the last are alike; without the last, "traffic" is nobody's."""
    strict, lax = (ClassicSpec(neighbours=NeighbourSpec(near_copy=at)) for at in (0.3, 1.0))

    assert ("traffic",) in lent(inputs(TRAIN, lax), 0)
    assert ("traffic",) not in lent(inputs(TRAIN, lax), 3)
    assert set(lent(inputs(TRAIN, strict), 0)) == {("night", "bus"), ("late",)}  # the text mentions them
    assert ("late",) not in lent(inputs(TRAIN, lax), 1)


def test_a_post_that_is_not_trained_on_may_have_near_copies() -> None:
    copy = example("cup final today", image="picture")
    other = Example(post=replace(copy.post, post_id="of another set"))
    spec = ClassicSpec(neighbours=NeighbourSpec())
    given = asked(other, spec=spec)
    batch = NeighbourField(given).batch(np.array([0]))

    assert batch.facts_BKF[0, 0, FACTS.index("highest cosine")].item() == pytest.approx(1.0)


def test_images_that_are_near_lend_too() -> None:
    features = ImageFeatures(np.array([[[1.0]], [[2.0]]], dtype=np.float32), {"picture": 0, "new": 1})
    spec = ClassicSpec(neighbours=NeighbourSpec())

    assert lent(asked(example("zorb", image="new"), spec=spec, features=features), 0) == [("cup", "final")]
    assert lent(asked(example("zorb", image="lost"), spec=spec, features=features), 0) == []


def test_a_system_without_neighbours_has_no_such_field() -> None:
    with pytest.raises(TypeError, match="without neighbours"):
        NeighbourField(inputs(TRAIN, ClassicSpec()))
