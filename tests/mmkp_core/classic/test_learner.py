import filecmp
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from mmkp_core.classic.learner import ClassicLearner
from mmkp_core.classic.mm_mkp import MM_MKP_SYSTEMS
from mmkp_core.classic.parts.writers import SetWriterSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.systems import CLASSIC_SYSTEMS
from mmkp_core.data.post import Example, ImageFeatures, Post, Prediction
from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.learning import CurvePoint, Learned, LearningData, PredictionData, Progress, System
from tests.mmkp_core.classic.small import generator_only, posts, silent, small

IMAGE_ALONE = ("image-grid", "vgg")


def row_of(row: System) -> Any:
    """The variants of MM-MKP differ in one setting each: they learn by heart in the drills."""
    return pytest.param(row.id, marks=pytest.mark.drill if row in MM_MKP_SYSTEMS[1:] else ())


class Killed(Exception):
    pass


def killer(at: int) -> Any:
    def report(progress: Progress) -> None:
        if progress.done == at:
            raise Killed

    return report


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def learn(spec: ClassicSpec, data: LearningData, folder: Path, seed: int = 0) -> Learned:
    return ClassicLearner().fit(spec, data, seed, folder / "model", folder / "work", silent)


def predict(folder: Path, examples: list[Example], features: ImageFeatures | None) -> dict[str, list[Prediction]]:
    return dict(ClassicLearner().load(folder / "model").predict(PredictionData(examples, features), silent))


def share_of_hits(examples: list[Example], found: list[Prediction]) -> float:
    hits = [p.phrases[0] in e.post.keyphrases for e, p in zip(examples, found, strict=True)]
    return sum(hits) / len(hits)


def test_every_system_trains_and_answers_each_post_under_each_of_its_heads(
    tmp_path: Path, each_spec: ClassicSpec
) -> None:
    examples, features = posts(40)
    declared = ClassicLearner().declare(each_spec)
    given = features if declared.needs else None
    learned = learn(each_spec, LearningData(examples[:30], examples[30:], given), tmp_path)
    answers = predict(tmp_path, examples[30:], given)
    ends_itself = isinstance(each_spec.writer, SetWriterSpec) or getattr(each_spec.writer, "target", "") == "all"
    least = 0 if ends_itself else 1  # one that decides how many phrases there are may decide on none

    assert tuple(answers) == declared.heads
    for predictions in answers.values():
        assert [p.post_id for p in predictions] == [e.post.post_id for e in examples[30:]]
        for prediction in predictions:
            assert least <= len(prediction.phrases) <= 5
            assert len(set(prediction.phrases)) == len(prediction.phrases) == len(prediction.scores)
    assert learned.counts["train_posts"] == 30
    assert learned.epochs == sum(stage.settings(each_spec.training).epochs for stage in each_spec.stages)
    assert learned.curve[0] == CurvePoint(1, 4, learned.curve[0].name, learned.curve[0].value)  # 30 posts, 8 at once


def test_a_killed_training_of_topics_goes_on_with_the_pressure_that_they_had(tmp_path: Path) -> None:
    examples, _ = posts(40)
    data, spec = LearningData(examples[:30], examples[30:]), small("topic")
    ClassicLearner().fit(spec, data, 7, tmp_path / "expected", tmp_path / "work", silent)
    for at in (3, 11):  # in the stage of topics, in that of phrases
        with pytest.raises(Killed):
            ClassicLearner().fit(spec, data, 7, tmp_path / "found", tmp_path / "other work", killer(at))
    ClassicLearner().fit(spec, data, 7, tmp_path / "found", tmp_path / "other work", silent)

    assert filecmp.cmp(tmp_path / "found/model.safetensors", tmp_path / "expected/model.safetensors", shallow=False)
    kept = load_file(tmp_path / "found/model.safetensors")["topics.pressure"]
    assert kept != pytest.approx(1.6e-9)


@pytest.mark.parametrize("at", [3, 6, 9])
def test_a_killed_training_leaves_the_same_files_as_an_undisturbed_one(tmp_path: Path, at: int) -> None:
    """Steps 1 to 8 are of the first stage, 9 to 12 of the hand-over's."""
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


def test_without_validation_all_posts_are_learned_for_the_epochs_that_a_first_training_chose(tmp_path: Path) -> None:
    examples, _ = posts(60)
    changes = {"training__epochs": 6, "training__learning_rate": 0.02}
    spec = small("copy-ocr", without_validation="chosen_epochs", **changes)
    learned = learn(spec, LearningData(examples, []), tmp_path / "chosen", seed=3)
    chosen = learned.counts["phrases_chosen_epochs"]
    again = small("copy-ocr", select="last", **{**changes, "training__epochs": chosen})
    learn(again, LearningData(examples, []), tmp_path / "told", seed=3)

    assert 1 <= chosen <= 6
    assert learned.counts["train_posts"] == 60
    assert learned.epochs == chosen
    assert {point.epoch for point in learned.curve} == set(range(1, chosen + 1))
    kept = [load_file(tmp_path / name / "model/model.safetensors") for name in ("chosen", "told")]
    assert all(np.array_equal(kept[0][name], kept[1][name]) for name in kept[1])


@pytest.mark.parametrize("at", [2, 9, 12])
def test_a_killed_choice_of_epochs_goes_on_where_it_was(tmp_path: Path, at: int) -> None:
    examples, _ = posts(40)
    data, spec = LearningData(examples, []), small("copy", without_validation="chosen_epochs")
    ClassicLearner().fit(spec, data, 7, tmp_path / "expected", tmp_path / "work", silent)
    seen: list[int] = []

    def killed_after(progress: Progress) -> None:
        seen.append(progress.done)
        if len(seen) == at:
            raise Killed

    with pytest.raises(Killed):
        ClassicLearner().fit(spec, data, 7, tmp_path / "found", tmp_path / "other work", killed_after)
    ClassicLearner().fit(spec, data, 7, tmp_path / "found", tmp_path / "other work", silent)

    assert filecmp.cmp(tmp_path / "found/model.safetensors", tmp_path / "expected/model.safetensors", shallow=False)


def test_balanced_sampling_learns_rare_keyphrases_that_plain_sampling_passes_over(tmp_path: Path) -> None:
    """Of 66 posts two have the rare keyphrase; the classifier of plain sampling hardly ever answers with it."""
    common = [
        Example(post=Post(post_id=f"c{n}", text=f"word{n % 7} morning", keyphrases=("often",))) for n in range(64)
    ]
    rare = [Example(post=Post(post_id=f"r{n}", text=f"word{n} morning", keyphrases=("seldom",))) for n in range(2)]
    scores = {}
    for sampling in ("plain", "class_balanced"):
        spec = small("avg", training__sampling=sampling, training__epochs=3)
        learn(spec, LearningData([*common, *rare], []), tmp_path / sampling)
        [found] = predict(tmp_path / sampling, [rare[0]], None)["phrases"]
        scores[sampling] = dict(zip(found.phrases, found.scores, strict=True))["seldom"]

    assert scores["class_balanced"] > scores["plain"] + 1.0


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    examples, _ = posts(20)
    for seed in (1, 2):
        learn(small("copy"), LearningData(examples, []), tmp_path / str(seed), seed)

    assert not filecmp.cmp(
        tmp_path / "1/model/model.safetensors", tmp_path / "2/model/model.safetensors", shallow=False
    )


def test_a_loaded_system_answers_one_post_after_another_as_it_answers_all(tmp_path: Path) -> None:
    examples, features = posts(24)
    learn(small("m3h-att"), LearningData(examples[:16], [], features), tmp_path)
    predictor = ClassicLearner().load(tmp_path / "model")
    together = predictor.predict(PredictionData(examples[16:], features), silent)

    for place, example in enumerate(examples[16:]):
        bare = Example(post=Post(post_id="new", text=example.post.text, image=example.post.image),
                       image_words=example.image_words, attributes=example.attributes)  # fmt: skip
        for head, [alone] in predictor.predict(PredictionData([bare], features), silent).items():
            assert alone.phrases == together[head][place].phrases
            assert alone.scores == pytest.approx(together[head][place].scores, abs=1e-5)
    assert {head: list(found) for head, found in predictor.predict(PredictionData([], features), silent).items()} == {
        "joint": [], "generator": [], "classifier": []
    }  # fmt: skip


def test_copying_finds_phrases_of_the_text_and_of_the_images_words(tmp_path: Path) -> None:
    """The names are unknown words: nothing but copying can write them."""
    examples, _ = posts(330)
    spec = small("copy-ocr", words=30, hidden=32, word_size=24, training__epochs=12, training__batch_size=30,
                 training__learning_rate=0.015)  # fmt: skip
    test = [e for e in examples[300:] if not e.post.keyphrases[0].startswith("all")]
    learn(spec, LearningData(examples[:300], []), tmp_path)

    assert share_of_hits(test, predict(tmp_path, test, None)["phrases"]) >= 0.8


@pytest.mark.parametrize(("system", "least", "most"), [("m3h-att", 0.8, 1.0), ("m3h-att-blind", 0.0, 0.6)])
def test_phrases_that_only_show_are_found_by_looking(tmp_path: Path, system: str, least: float, most: float) -> None:
    """Four colours: whoever does not look is right about one time in four."""
    examples, features = posts(330)
    spec = generator_only(system, hidden=24, word_size=16, training__epochs=5, training__batch_size=30,
                          training__learning_rate=0.01)  # fmt: skip
    test = [e for e in examples[300:] if e.post.keyphrases[0].startswith("all")]
    learn(spec, LearningData(examples[:300], [], features), tmp_path)

    assert least <= share_of_hits(test, predict(tmp_path, test, features)["classifier"]) <= most


def test_att_learns_to_generate_what_it_cannot_copy(tmp_path: Path) -> None:
    examples, _ = posts(30)
    spec = small(
        "att", reads__image_words=True, word_size=24, training__epochs=30, training__learning_rate=0.02, dropout=0.0
    )
    shown = [e for e in examples if not e.post.keyphrases[0].startswith("all")]
    learn(spec, LearningData(shown, []), tmp_path)

    assert share_of_hits(shown, predict(tmp_path, shown, None)["phrases"]) >= 0.95
    kept = load_file(tmp_path / "model/model.safetensors")
    assert not [name for name in kept if name.startswith(("writer.generate", "image", "fusion", "classifier"))]


@pytest.mark.parametrize("system", [row_of(row) for row in CLASSIC_SYSTEMS])
def test_every_row_overfits_twenty_posts(tmp_path: Path, system: str) -> None:
    """What it is shown of them differs from post to post, whichever of text, words and image it reads."""
    examples, features = posts(60)
    shown = [e for e in examples if e.post.keyphrases[0].startswith("all" if system in IMAGE_ALONE else "go")][:20]
    changes = {"training__epochs": 100, "training__learning_rate": 0.01, "hidden": 24, "word_size": 16}
    spec = replace(small(system, **changes), dropout=0.0)  # type: ignore[arg-type]
    learn(spec, LearningData(shown, [], features), tmp_path)

    for head, found in predict(tmp_path, shown, features).items():
        assert share_of_hits(shown, found) >= 0.95, head


def test_the_image_alone_tells_what_shows_and_knows_no_word(tmp_path: Path) -> None:
    examples, features = posts(330)
    coloured = [e for e in examples if e.post.keyphrases[0].startswith("all")]
    spec = small("image-grid", training__epochs=20, training__learning_rate=0.05)
    learn(spec, LearningData(coloured[:80], [], features), tmp_path)
    silent_posts = [Example(post=Post(post_id=e.post.post_id, text="", keyphrases=e.post.keyphrases,
                                      image=e.post.image)) for e in coloured[80:]]  # fmt: skip

    assert share_of_hits(silent_posts, predict(tmp_path, silent_posts, features)["phrases"]) == 1.0
    kept = load_file(tmp_path / "model/model.safetensors")
    assert {name.split(".")[0] for name in kept} == {"embedding", "image", "classifier"}


def test_images_of_unequal_cells_are_learned_together(tmp_path: Path) -> None:
    examples, features = posts(40)
    matrix, cells = features.matrix.copy(), np.arange(40) % 4 + 1
    matrix[np.arange(4) >= cells[:, None]] = 0
    some = ImageFeatures(matrix, features.rows, cells)
    padded = ImageFeatures(np.concatenate([matrix, np.zeros_like(matrix)], 1), features.rows, cells)

    found = {}
    for name, given in (("some", some), ("padded", padded)):
        learn(small("m3h-att", dropout=0.0), LearningData(examples, [], given), tmp_path / name)
        found[name] = predict(tmp_path / name, examples, given)["classifier"]

    assert [p.phrases for p in found["some"]] == [p.phrases for p in found["padded"]]


def test_image_vectors_are_standardised_on_the_training_images_alone(tmp_path: Path) -> None:
    examples, features = posts(20)
    matrix = features.matrix * 7 + 100
    matrix[10:] = 1e6  # not trained on
    learn(small("m3h-att"), LearningData(examples[:10], [], ImageFeatures(matrix, features.rows)), tmp_path)
    kept = load_file(tmp_path / "model/model.safetensors")

    np.testing.assert_allclose(kept["image.mean_D"], matrix[:10].mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(kept["image.deviation_D"], matrix[:10].std((0, 1)), rtol=1e-4)


def test_withheld_vectors_leave_one_masked_cell_of_one_number(tmp_path: Path) -> None:
    examples, _ = posts(20)
    grid = ImageFeatures(np.zeros((20, 49, 23), dtype=np.float32), {f"image {n}": n for n in range(20)})
    blind = learn(small("m3h-att-blind"), LearningData(examples, []), tmp_path / "blind")
    spec = small("m3h-att", reads__attributes=False)
    seeing = learn(spec, LearningData(examples, [], grid), tmp_path / "seeing")

    assert seeing.parameters - blind.parameters == (23 - 1) * spec.hidden  # the projection of a cell
    assert "train_posts_without_image" not in blind.counts


@pytest.mark.fault(8)
def test_posts_without_image_or_keyphrase_are_counted_and_do_no_harm(tmp_path: Path) -> None:
    examples, features = posts(20)
    rows = {key: row for key, row in features.rows.items() if row >= 4}  # four images are lost
    bare = [Example(post=Post(post_id="bare", text="no phrase"))]
    data = LearningData([*examples, *bare], [], ImageFeatures(features.matrix, rows))
    learned = learn(small("m3h-att"), data, tmp_path)

    assert learned.counts["train_posts_without_image"] == 4
    assert learned.counts["train_posts_without_keyphrases"] == 1


def test_hostile_posts_are_learned_and_answered(tmp_path: Path) -> None:
    texts = ["", " ", "🎉🎉", "שלום עולם", "broken \ud800 half", "<eos> <pad> <unk>", "word " * 5000, "a\x00b"]
    hostile = [Example(post=Post(post_id=str(n), text=text, keyphrases=(text, "ok"))) for n, text in enumerate(texts)]
    learned = learn(small("copy", reads__longest=50), LearningData(hostile, []), tmp_path)
    found = predict(tmp_path, hostile, None)["phrases"]

    assert learned.counts["train_posts_cut"] == 1
    assert [p.post_id for p in found] == [e.post.post_id for e in hostile]
    assert "\ud800" in json.loads((tmp_path / "model/vocabulary.json").read_text())["words"]


def test_what_does_not_fit_is_refused_with_what_to_do(tmp_path: Path) -> None:
    examples, features = posts(12)
    spec = small("m3h-att-as-released")
    with pytest.raises(WrongInput, match="compute image features first"):
        learn(spec, LearningData(examples, []), tmp_path)
    with pytest.raises(WrongInput, match="no training post has a keyphrase"):
        learn(spec, LearningData([], [], features), tmp_path)
    with pytest.raises(WrongInput, match="needs a fusion"):
        learn(small("copy", classifier__kind="linear"), LearningData(examples, []), tmp_path)

    learn(spec, LearningData(examples, [], features), tmp_path)
    wider = ImageFeatures(np.zeros((1, 4, 9), dtype=np.float32), {})
    with pytest.raises(Mismatch, match="5 numbers a cell, these have 9"):
        predict(tmp_path, examples, wider)
    with pytest.raises(WrongInput, match="compute image features first"):
        predict(tmp_path, examples, None)
    with pytest.raises(Mismatch, match="another training"):
        learn(spec, LearningData(examples[:8], [], features), tmp_path)


def test_the_epoch_kept_is_that_of_the_best_answers_of_the_lowest_loss_or_the_last(tmp_path: Path) -> None:
    """Twenty posts are soon learned by heart: the loss of the others rises while more of their answers are right."""
    examples, _ = posts(90)
    data = LearningData(examples[:50], examples[50:])
    kept, best = {}, {}
    for select in ("loss", "f1", "last"):
        spec = small("copy-ocr", select=select, training__epochs=8, training__patience=0, training__learning_rate=0.02)
        learned = learn(spec, data, tmp_path / select)
        kept[select] = learned.counts["phrases_best_epoch"]
        criteria = {p.epoch: p.value for p in learned.curve if p.name == "phrases/valid/criterion"}
        best[select] = min(criteria, key=lambda epoch: criteria[epoch]) if criteria else 0
        if select == "f1":
            found = predict(tmp_path / "f1", examples[50:], None)["phrases"]
            assert -criteria[kept["f1"]] == pytest.approx(share_of_hits(examples[50:], found))

    assert kept == best
    assert kept["last"] == 0
    assert kept["f1"] != kept["loss"]
