from pathlib import Path

import numpy as np
import pytest

from mmkp_core.data.post import Example, Post
from mmkp_core.errors import WrongInput
from mmkp_core.learning import LearningData, Progress
from mmkp_core.reference.learner import ReferenceLearner
from mmkp_core.reference.neighbours import neighbourhood
from mmkp_core.reference.spec import ReferenceSpec


def post(number: int, text: str, *keyphrases: str, seen: str = "") -> Example:
    return Example(post=Post(post_id=str(number), text=text, keyphrases=keyphrases), image_words=seen)


TRAIN = [
    post(1, "rain in london again", "weather"),
    post(2, "london rain all day", "weather", "london"),
    post(3, "goal in the last minute", "football"),
    post(4, "what a goal", "football", "sport"),
    post(5, "late goal again", "Football"),
]


def answers(
    tmp_path: Path, spec: ReferenceSpec, *texts: Example, train: list[Example] = TRAIN
) -> list[tuple[str, ...]]:
    def silent(progress: Progress) -> None:
        pass

    learner = ReferenceLearner()
    learner.fit(spec, LearningData(train, [], None), 0, tmp_path / "model", tmp_path / "work", silent)
    found = learner.predict(tmp_path / "model", texts, None, silent)["phrases"]
    assert [p.post_id for p in found] == [e.post.post_id for e in texts]
    return [p.phrases for p in found]


def test_the_commonest_labels_answer_everything_and_of_equals_the_first_seen(tmp_path: Path) -> None:
    spec = ReferenceSpec(method="frequent", keep=3)

    assert answers(tmp_path, spec, post(9, "anything"), post(10, "")) == [("football", "weather", "london")] * 2


def test_the_nearest_posts_vote(tmp_path: Path) -> None:
    spec = ReferenceSpec(neighbours=2, keep=2)

    assert answers(tmp_path, spec, post(9, "rain over london"), post(10, "that goal")) == [
        ("weather", "london"),
        ("football", "sport"),
    ]


def test_where_nothing_is_near_the_commonest_labels_stand_in(tmp_path: Path) -> None:
    assert answers(tmp_path, ReferenceSpec(keep=2), post(9, "zorb"), post(10, "")) == [("football", "weather")] * 2


def test_words_in_the_image_count_unless_they_shall_not(tmp_path: Path) -> None:
    asked = post(9, "look", seen="goal goal")

    assert answers(tmp_path, ReferenceSpec(keep=1), asked) == [("football",)]
    train = [*TRAIN, post(6, "look", "view")]
    assert answers(tmp_path, ReferenceSpec(keep=1, image_words=False), asked, train=train) == [("view",)]


def test_no_keyphrases_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="no training post has a keyphrase"):
        answers(tmp_path, ReferenceSpec(), train=[post(1, "text")])


def test_similarity_is_the_cosine_of_the_weights_worked_out_by_hand() -> None:
    """Two posts: idf of `a` (in both) = ln(3/3) + 1 = 1, of `b` and `c` = ln(3/2) + 1; squared 1 and 1.97539."""
    rare = (np.log(1.5) + 1) ** 2
    found = neighbourhood([["a", "b", "b"], ["a", "c"]]).nearest([["a", "c"], ["b"], ["d"]], 2)

    twice = (1 + np.log(2)) * rare
    assert found[0] == [
        (1, pytest.approx(1.0)),
        (0, pytest.approx(1 / (np.hypot(1, twice) * np.hypot(1, rare)))),
    ]
    assert found[1] == [(0, pytest.approx(twice / np.hypot(1, twice)))]
    assert found[2] == []
