import filecmp
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmkp_core.classic.learner import ClassicLearner
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.learning import CurvePoint, LearningData, Progress
from tests.mmkp_core.classic.small import posts, small


def silent(progress: Progress) -> None:
    pass


class Killed(Exception):
    pass


def killer(at: int) -> Any:
    def report(progress: Progress) -> None:
        if progress.done == at:
            raise Killed

    return report


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_system_trains_and_answers_each_post_under_each_of_its_heads(
    tmp_path: Path, each_spec: ClassicSpec
) -> None:
    examples, features = posts(40)
    learned = ClassicLearner().fit(
        each_spec,
        LearningData(examples[:30], examples[30:], features),
        1,
        tmp_path / "model",
        tmp_path / "work",
        silent,
    )
    answers = ClassicLearner().predict(tmp_path / "model", examples[30:], features, silent)

    assert list(answers) == (["joint", "generator", "classifier"] if each_spec.classifier else ["phrases"])
    for predictions in answers.values():
        assert [p.post_id for p in predictions] == [e.post.post_id for e in examples[30:]]
        for prediction in predictions:
            assert 1 <= len(prediction.phrases) <= 5
            assert len(set(prediction.phrases)) == len(prediction.phrases) == len(prediction.scores)
    assert learned.facts["train_posts"] == 30
    assert learned.curve[0] == CurvePoint(1, 4, learned.curve[0].name, learned.curve[0].value)  # 30 posts, 8 at once


@pytest.mark.parametrize("at", [3, 6, 9])
def test_a_killed_training_leaves_the_same_files_as_an_undisturbed_one(tmp_path: Path, at: int) -> None:
    """Steps 1 to 8 are of the first phase, 9 to 12 of the hand-over's."""
    examples, features = posts(40)
    data, spec = LearningData(examples[:30], examples[30:], features), small("m3h-att")
    ClassicLearner().fit(spec, data, 7, tmp_path / "expected", tmp_path / "work", silent)

    with pytest.raises(Killed):
        ClassicLearner().fit(spec, data, 7, tmp_path / "found", tmp_path / "other work", killer(at))
    ClassicLearner().fit(spec, data, 7, tmp_path / "found", tmp_path / "other work", silent)

    assert files(tmp_path / "found") == ["generator.safetensors", "model.safetensors", "spec.json", "vocabulary.json"]
    same, different, _ = filecmp.cmpfiles(
        tmp_path / "found", tmp_path / "expected", files(tmp_path / "expected"), shallow=False
    )
    assert (len(same), different) == (4, [])


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    examples, _ = posts(20)
    data = LearningData(examples, [], None)
    for seed in (1, 2):
        ClassicLearner().fit(small("copy"), data, seed, tmp_path / str(seed), tmp_path / f"work {seed}", silent)

    assert not filecmp.cmp(tmp_path / "1/model.safetensors", tmp_path / "2/model.safetensors", shallow=False)


def test_copying_finds_phrases_of_the_text_and_of_the_images_words(tmp_path: Path) -> None:
    """The names are unknown words: nothing but copying can write them."""
    examples, features = posts(330)
    spec = small("copy", words=30, hidden=32, word_size=24)
    spec = replace(spec, training=replace(spec.training, epochs=12, batch_size=30, learning_rate=0.015))
    test = [e for e in examples[300:] if not e.post.keyphrases[0].startswith("all")]
    ClassicLearner().fit(
        spec, LearningData(examples[:300], [], features), 0, tmp_path / "model", tmp_path / "work", silent
    )
    found = ClassicLearner().predict(tmp_path / "model", test, None, silent)["phrases"]

    hits = sum(p.phrases[0] in e.post.keyphrases for e, p in zip(test, found, strict=True))
    assert hits >= 0.8 * len(test)


@pytest.mark.parametrize(("system", "least", "most"), [("m3h-att", 0.8, 1.0), ("m3h-att-blind", 0.0, 0.6)])
def test_phrases_that_only_show_are_found_by_looking(tmp_path: Path, system: str, least: float, most: float) -> None:
    """Four colours: whoever does not look is right about one time in four."""
    examples, features = posts(330)
    spec = small(system, hidden=24, word_size=16, handover="none")
    spec = replace(spec, training=replace(spec.training, epochs=5, batch_size=30, learning_rate=0.01))
    test = [e for e in examples[300:] if e.post.keyphrases[0].startswith("all")]
    ClassicLearner().fit(
        spec, LearningData(examples[:300], [], features), 0, tmp_path / "model", tmp_path / "work", silent
    )
    found = ClassicLearner().predict(tmp_path / "model", test, features, silent)["classifier"]

    hits = sum(p.phrases[0] in e.post.keyphrases for e, p in zip(test, found, strict=True)) / len(test)
    assert least <= hits <= most


def test_image_vectors_are_standardised_on_the_training_images_alone(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    examples, features = posts(20)
    matrix = features.matrix * 7 + 100
    matrix[10:] = 1e6  # not trained on
    ClassicLearner().fit(
        small("m3h-att"),
        LearningData(examples[:10], [], ImageFeatures(matrix, features.rows)),
        0,
        tmp_path / "model",
        tmp_path / "work",
        silent,
    )
    kept = load_file(tmp_path / "model/model.safetensors")

    np.testing.assert_allclose(kept["image_mean_D"], matrix[:10].mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(kept["image_deviation_D"], matrix[:10].std((0, 1)), rtol=1e-4)


def test_posts_without_image_or_keyphrase_are_counted_and_do_no_harm(tmp_path: Path) -> None:
    examples, features = posts(20)
    rows = {key: row for key, row in features.rows.items() if row >= 4}  # four images are lost
    bare = [Example(post=Post(post_id="bare", text="no phrase"))]
    data = LearningData([*examples, *bare], [], ImageFeatures(features.matrix, rows))
    learned = ClassicLearner().fit(small("m3h-att"), data, 0, tmp_path / "model", tmp_path / "work", silent)

    assert learned.facts["train_posts_without_image"] == 4
    assert learned.facts["train_posts_without_keyphrases"] == 1


def test_hostile_posts_are_learned_and_answered(tmp_path: Path) -> None:
    texts = ["", " ", "🎉🎉", "שלום עולם", "broken \ud800 half", "<eos> <pad> <unk>", "word " * 5000, "a\x00b"]
    hostile = [Example(post=Post(post_id=str(n), text=text, keyphrases=(text, "ok"))) for n, text in enumerate(texts)]
    spec = small("copy", longest_text=50)
    learned = ClassicLearner().fit(spec, LearningData(hostile, [], None), 0, tmp_path / "m", tmp_path / "w", silent)
    found = ClassicLearner().predict(tmp_path / "m", hostile, None, silent)["phrases"]

    assert learned.facts["train_posts_cut"] == 1
    assert [p.post_id for p in found] == [e.post.post_id for e in hostile]
    assert "\ud800" in json.loads((tmp_path / "m/vocabulary.json").read_text())["words"]


def test_what_does_not_fit_is_refused_with_what_to_do(tmp_path: Path) -> None:
    examples, features = posts(12)
    learner, model, work = ClassicLearner(), tmp_path / "model", tmp_path / "work"
    spec = small("m3h-att-as-released")
    with pytest.raises(WrongInput, match="compute image features first"):
        learner.fit(spec, LearningData(examples, [], None), 0, model, work, silent)
    with pytest.raises(WrongInput, match="no training post has a keyphrase"):
        learner.fit(spec, LearningData([], [], features), 0, model, work, silent)
    with pytest.raises(WrongInput, match="needs a fusion"):
        learner.fit(small("copy", classifier=True), LearningData(examples, [], None), 0, model, work, silent)

    learner.fit(spec, LearningData(examples, [], features), 0, model, work, silent)
    wider = ImageFeatures(np.zeros((1, 4, 9), dtype=np.float32), {})
    with pytest.raises(Mismatch, match="5 numbers a cell, these have 9"):
        learner.predict(model, examples, wider, silent)
    with pytest.raises(Mismatch, match="another training"):
        learner.fit(spec, LearningData(examples[:8], [], features), 0, model, work, silent)


def test_the_table_says_the_heads_that_predictions_have() -> None:
    from mmkp_core.systems import systems

    for system in systems().values():
        if system.family == "classic":
            expected = ("joint", "generator", "classifier") if system.spec.classifier else ("phrases",)
            assert system.heads == expected
