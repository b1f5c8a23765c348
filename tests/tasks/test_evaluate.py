"""Evaluating stored predictions: three tables, and nothing a second time."""

from pathlib import Path

import pytest

from mmkp_core.data.post import Post, Prediction
from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.post_scores import read_tables
from mmkp_core.evaluation.spec import EvaluateSpec
from storage.run import Scores
from storage.store import Store
from tasks.evaluate import evaluate_predictions
from tasks.run.store import open_store
from tests.fixtures.small_store import add_dataset, add_predictions, add_run, add_split

POSTS = [
    Post(post_id="1", text="about chess", keyphrases=("chess",)),
    Post(post_id="2", text="about tulips", keyphrases=("tulips", "spring")),
    Post(post_id="3", text="about nothing"),
    Post(post_id="4", text="chess and more chess", keyphrases=("chess",)),
]
PARTS = {"1": "test", "2": "test", "3": "test", "4": "train"}
PREDICTIONS = [Prediction("1", ("chess",)), Prediction("2", ("spring", "x")), Prediction("3", ("y",))]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("MMKP_HOME", str(tmp_path))
    return open_store()


def test_the_scores_of_a_part_are_kept_post_by_post(store: Store) -> None:
    split = add_split(store, add_dataset(store, POSTS), PARTS, leaked=["1"])
    predictions = add_predictions(store, add_run(store, split, "mine"), split, PREDICTIONS)
    scores = Scores(store, evaluate_predictions.fn(predictions, EvaluateSpec(resamples=0)))
    assert (scores.facts.posts, scores.facts.part, scores.facts.heads) == (3, "test", ("phrases",))
    stated = {
        (row["slice"], row["metric"]): row["value"] for row in scores.table().to_pylist() if row["protocol"] == "cmkp"
    }
    assert stated["all", "r@1"] == (1 + 1 / 2) / 2
    assert [hit["correct"] for hit in scores.hits().to_pylist()] == [True, True, False, False]
    table = read_tables(scores.post_scores())["phrases"]["cmkp"]
    assert table.post_ids == ("1", "2", "3")
    assert {(name, metric): part.value(metric) for name, part in table.slices.items() for metric in part.metrics} == (
        stated
    )
    assert set(table.slices) == {"all", "present", "absent", "seen", "unseen", "leaked", "not leaked"}


def test_image_words_count_only_where_they_are_asked_for(store: Store) -> None:
    split = add_split(store, add_dataset(store, POSTS), PARTS)
    predictions = add_predictions(store, add_run(store, split, "mine"), split, PREDICTIONS)
    with pytest.raises(WrongInput, match="no image words"):
        evaluate_predictions.fn(predictions, EvaluateSpec(resamples=0, present_source="text+words"))


def test_the_same_evaluation_is_not_made_twice(store: Store) -> None:
    split = add_split(store, add_dataset(store, POSTS), PARTS)
    predictions = add_predictions(store, add_run(store, split, "mine"), split, PREDICTIONS)
    first = evaluate_predictions.fn(predictions, EvaluateSpec(resamples=0))
    made = store.require(first).made_at
    assert evaluate_predictions.fn(predictions, EvaluateSpec(resamples=0)) == first
    assert store.require(first).made_at == made
    assert evaluate_predictions.fn(predictions, EvaluateSpec(resamples=5)) != first
