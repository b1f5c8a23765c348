import math

import numpy as np

from mmkp_core.data.post import Example, Post, Prediction
from mmkp_core.ensemble.candidates import candidates, label_counts

POST = Example(post=Post(post_id="1", text="Running in the rain"), image_words="big sale")


def test_phrases_of_one_normal_form_are_one_candidate_with_what_each_member_says() -> None:
    first = Prediction("1", ("run", "rain"), (-0.5, -2.0))
    second = Prediction("1", ("big sale", "running", "runs"), (3.0, 1.0, 0.5))
    found = candidates([POST], [[first], [second]], {"run": 3})

    assert (found.post_N, found.phrase_N) == ([0, 0, 0], ["run", "rain", "big sale"])
    common = math.log(4)
    expected = [
        [1, 1, 0, -0.5, 1, 1 / 2, -2, 1, 1, 0, common, 0, 1, common, 1],  # `running` and `runs` are `run` too
        [1, 1 / 2, -1.5, -2, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1],
        [0, 0, 0, 0, 1, 1, 0, 3, 0, 1, 0, 1, 2, 0, 0],
    ]
    np.testing.assert_allclose(found.features_NF, expected)


def test_a_post_for_which_nobody_brings_anything_has_no_candidate() -> None:
    found = candidates([POST, POST], [[Prediction("1", ()), Prediction("2", ("rain",))]], {})

    assert found.post_N == [1]


def test_a_keyphrase_counts_once_a_post() -> None:
    posts = [Example(post=Post(post_id=str(n), text="", keyphrases=("Runs", "run", "rain"))) for n in range(2)]

    assert label_counts(posts) == {"run": 2, "rain": 2}
