import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.post import Example, Post
from mmkp_core.errors import WrongInput
from mmkp_core.learning import Declaration, LearningData, PredictionData
from mmkp_core.reference.learner import ReferenceLearner
from mmkp_core.reference.spec import ReferenceSpec
from mmkp_core.vlm.spec import VlmSpec


def post(number: int, text: str, *keyphrases: str, image_words: str = "") -> Example:
    return Example(post=Post(post_id=str(number), text=text, keyphrases=keyphrases), image_words=image_words)


TRAIN = [
    post(1, "rain in london again", "weather"),
    post(2, "london rain all day", "weather", "london"),
    post(3, "goal in the last minute", "football"),
    post(4, "what a goal", "football", "sport"),
    post(5, "late goal again", "Football"),
]


def silent(progress: Any) -> None:
    return None


def answers(
    tmp_path: Path, spec: ReferenceSpec, *texts: Example, train: list[Example] = TRAIN
) -> list[tuple[str, ...]]:
    learner = ReferenceLearner()
    learner.fit(spec, LearningData(train, []), 0, tmp_path / "model", tmp_path / "work", silent)
    found = learner.load(tmp_path / "model").predict(PredictionData(texts), silent)["phrases"]
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


def test_keyphrases_that_the_post_mentions_come_by_how_often_they_were_right_where_mentioned(tmp_path: Path) -> None:
    """`london` is one of 2 mentions, so 1/3; `last minute` of none; `goal` of 1, so 1/2."""
    train = [*TRAIN, post(6, "goal of the week", "goal"), post(7, "new kit", "last minute")]
    train[2:5] = []
    spec = ReferenceSpec(method="mentioned", keep=3)

    assert answers(tmp_path, spec, post(9, "London goal in the last minute"), train=train) == [
        ("goal", "london", "last minute")
    ]
    assert answers(tmp_path, spec, post(9, "nothing known"), train=train) == [("weather", "london", "goal")]


def test_mentions_in_the_image_count_where_its_words_are_read(tmp_path: Path) -> None:
    asked = post(9, "look", image_words="rain in london")

    for reads, expected in ((True, "london"), (False, "football")):
        spec = ReferenceSpec(method="mentioned", image_words=reads, keep=1)
        assert answers(tmp_path / str(reads), spec, asked) == [(expected,)]


def test_where_nothing_is_near_the_commonest_labels_stand_in(tmp_path: Path) -> None:
    assert answers(tmp_path, ReferenceSpec(keep=2), post(9, "zorb"), post(10, "")) == [("football", "weather")] * 2


def test_words_in_the_image_count_unless_they_shall_not(tmp_path: Path) -> None:
    post_with_words = post(9, "look", image_words="goal goal")

    assert answers(tmp_path, ReferenceSpec(keep=1), post_with_words) == [("football",)]
    train = [*TRAIN, post(6, "look", "view")]
    assert answers(tmp_path, ReferenceSpec(keep=1, image_words=False), post_with_words, train=train) == [("view",)]


def test_no_keyphrases_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="no training post has a keyphrase"):
        answers(tmp_path, ReferenceSpec(), train=[post(1, "text")])


@pytest.mark.parametrize("method", ["frequent", "neighbours"])
def test_a_loaded_line_answers_again_and_again_for_one_post_or_many(method: Any, tmp_path: Path) -> None:
    learner, posts = ReferenceLearner(), [post(9, "rain over london"), post(10, "that goal"), post(11, "")]
    learned = learner.fit(ReferenceSpec(method=method), LearningData(TRAIN, []), 0, tmp_path, tmp_path / "w", silent)
    warm = learner.load(tmp_path)
    together = warm.predict(PredictionData(posts), silent)["phrases"]
    assert [warm.predict(PredictionData([one]), silent)["phrases"][0] for one in posts] == together
    assert learned.counts == {"train_posts": 5, "classes": 4}


def test_only_a_line_that_compares_image_words_reads_them() -> None:
    learner = ReferenceLearner()
    assert learner.declare(ReferenceSpec()) == Declaration(reads=("ocr",))
    assert learner.declare(ReferenceSpec(image_words=False)) == Declaration()
    assert learner.declare(ReferenceSpec(method="frequent")) == Declaration(own_words=False)
    assert learner.weights(ReferenceSpec()) == ""


def test_a_spec_of_another_family_is_refused() -> None:
    with pytest.raises(WrongInput, match="not from VlmSpec"):
        ReferenceLearner().declare(VlmSpec())


def test_the_learner_loads_nothing_heavy_until_it_works() -> None:
    code = "import sys, mmkp_core.reference.learner; assert not {'torch', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
