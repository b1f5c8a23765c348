import math

import numpy as np
import pytest

from mmkp_core.classic.memory import FACTS, Memory, mean_vectors
from mmkp_core.data.post import ImageFeatures

BUS, CUP, DOG = ("night", "bus"), ("cup",), ("dog",)
TEXTS = [text.split() for text in ("the night bus is late", "a cup final", "night bus again", "a dog and a cup")]


def memory(vectors: object = None) -> Memory:
    return Memory(["a", "b", "c", "d"], TEXTS, [[BUS], [CUP], [BUS, DOG], [DOG]], vectors)  # type: ignore[arg-type]


def facts(
    given: Memory, own: int | None, text: str, *near: tuple[int, float]
) -> dict[tuple[str, ...], dict[str, float]]:
    found = given.facts(own, text.split(), near, [])
    return {phrase: dict(zip(FACTS, values, strict=True)) for phrase, values in found.items()}


def test_neighbours_vote_for_their_keyphrases_and_mentions_count_by_how_often_they_were_right() -> None:
    found = facts(memory(), None, "the cup", (0, 0.5), (2, 0.25))

    assert set(found) == {BUS, DOG, CUP}
    assert list(found[BUS].values()) == pytest.approx([0.75, 0.75, 0.5, math.log(3), 0, math.log(3), 0, 0])
    assert list(found[DOG].values()) == pytest.approx([0.25, 0.25, 0.25, math.log(2), 0, math.log(3), 0, 0])
    # two posts mention "cup", one of them has it
    assert list(found[CUP].values()) == pytest.approx([0, 0, 0, 0, 0, math.log(2), 1, 1 / 3])


def test_a_post_of_the_same_id_and_other_words_is_another() -> None:
    assert memory().place_of("b", ["a", "cup", "final"]) == 1
    assert memory().place_of("b", ["a", "cup"]) is None
    assert memory().place_of("z", ["a", "cup", "final"]) is None


def test_a_post_learns_nothing_from_itself() -> None:
    found = facts(memory(), 1, "a cup final", (3, 0.5))  # it alone has "cup"
    assert set(found) == {DOG}

    own = facts(memory(), 0, "the night bus is late", (2, 0.5))[BUS]
    assert own["training posts that have it"] == pytest.approx(math.log(2))
    assert own["how often right where mentioned"] == pytest.approx(1 / 2)  # of the one other that mentions it, one


def test_images_vote_by_the_cosine_of_their_mean_vectors() -> None:
    features = ImageFeatures(
        np.array([[[3.0, 0.0], [5.0, 0.0]], [[0.0, 2.0], [0.0, 0.0]]], dtype=np.float32),
        {"right": 0, "up": 1},
        np.array([2, 1]),
    )
    vectors = mean_vectors(features, ["right", "up", None, "right"])
    assert vectors.tolist() == [[1, 0], [0, 1], [0, 0], [1, 0]]
    given = memory(vectors)
    slanted = np.array([[0.6, 0.8], [0.0, 0.0]], dtype=np.float32)
    found = list(given.nearest_by_image(slanted, 2))

    assert [[post for post, _ in near] for near in found] == [[1, 0], []]
    assert found[0][0][1] == pytest.approx(0.8)
    by_image = given.facts(None, [], [], found[0])
    assert by_image[CUP][FACTS.index("votes by image")] == pytest.approx(0.8)
    assert by_image[BUS][FACTS.index("votes by image")] == pytest.approx(0.6)


def test_without_image_vectors_no_image_is_near() -> None:
    with pytest.raises(TypeError, match="no image vectors"):
        next(memory().nearest_by_image(np.zeros((1, 2), np.float32), 1))
