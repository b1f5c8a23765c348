"""Runs are compared on posts that all have scores on: the figures are those of scoring these posts alone."""

from pathlib import Path

import pytest

from mmkp_core.data.post import Post, Prediction
from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.significance import Resampling, compare
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from storage.comparison import compare_runs
from storage.store import Store
from tasks.evaluate import evaluate_predictions
from tasks.run.store import open_store
from tests.fixtures.small_store import add_dataset, add_predictions, add_run, add_split

WORDS = ("chess", "tulips", "bread")
POSTS = [
    Post(post_id=str(n), text=f"about {WORDS[n % 3]}", keyphrases=(WORDS[n % 3],) if n % 10 else ()) for n in range(40)
]
PARTS = {post.post_id: "train" if n < 4 else "test" for n, post in enumerate(POSTS)}
TEST = POSTS[4:]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("MMKP_HOME", str(tmp_path))
    return open_store()


def answers(posts: list[Post], right: int) -> list[Prediction]:
    return [Prediction(post.post_id, post.keyphrases if n < right else ("x",)) for n, post in enumerate(posts)]


def scored(store: Store, split: ArtifactRef, name: str, right: int, **run: object) -> ArtifactRef:
    trained = add_run(store, split, name, **run)  # type: ignore[arg-type]
    predictions = add_predictions(store, trained, split, answers(TEST, right))
    return evaluate_predictions.fn(predictions, EvaluateSpec(resamples=0))


def test_it_is_the_paired_test_over_the_posts_in_the_data_sets_order(store: Store) -> None:
    split = add_split(store, add_dataset(store, POSTS), PARTS)
    scored(store, split, "good", 30)
    scored(store, split, "bad", 5, system="frequent")
    found = compare_runs(store, ["good"], ["bad"], "cmkp")
    gold = [post for post in TEST if post.keyphrases]
    train = [post.keyphrases for post in POSTS[:4]]
    ours, theirs = (
        evaluate(
            gold,
            [one for one in answers(TEST, right) if one.post_id in {post.post_id for post in gold}],
            EvaluateSpec(protocol="cmkp", resamples=0),
            train_keyphrases=train,
        ).tables["cmkp"]
        for right in (30, 5)
    )
    assert (found["posts"], found["names"]) == (len(gold), ["mine"])
    assert {row["slice"] for row in found["rows"]} == set(ours.slices)
    for row in found["rows"]:
        [plain] = compare([ours], [theirs], [(row["slice"], row["metric"])], Resampling())
        assert (row["ours"], row["difference"], row["posts"]) == (plain.ours, plain.difference, plain.posts)
        assert (row["low"], row["high"]) == pytest.approx((plain.low, plain.high), abs=1e-6)
        assert row["p_value"] == plain.p_value


def test_seeds_of_one_system_stand_together_and_other_runs_do_not(store: Store) -> None:
    split = add_split(store, add_dataset(store, POSTS), PARTS)
    scored(store, split, "a", 30)
    scored(store, split, "b", 28, seed=1)
    scored(store, split, "other", 5, system="frequent")
    scored(store, split, "set", 10, seed=2, neighbours=3)
    found = compare_runs(store, ["a", "b"], ["other"], "strict")
    assert found["rows"][0]["ours"] == pytest.approx(
        sum(compare_runs(store, [name], ["other"], "strict")["rows"][0]["ours"] for name in ("a", "b")) / 2
    )
    for names in (["a", "a"], ["a", "other"], ["a", "set"]):
        with pytest.raises(WrongInput, match="each of another seed"):
            compare_runs(store, names, ["other"], "cmkp")


def test_posts_that_one_was_trained_on_are_left_out(store: Store) -> None:
    dataset = add_dataset(store, POSTS)
    split = add_split(store, dataset, PARTS)
    other = add_split(store, dataset, {p: "test" if p < "2" else "train" for p in PARTS}, "other", kind="random")
    first, second = add_run(store, split, "first"), add_run(store, other, "second")
    for run in (first, second):
        evaluate_predictions.fn(add_predictions(store, run, dataset, answers(POSTS, 9)), EvaluateSpec(resamples=0))
    found = compare_runs(store, ["first"], ["second"], "cmkp")
    assert found["posts"] == len([post for post in TEST if post.post_id < "2" and post.keyphrases])
    assert {row["slice"] for row in found["rows"]} == {"all", "present"}


def test_runs_without_common_posts_are_told_what_to_do(store: Store) -> None:
    split = add_split(store, add_dataset(store, POSTS), PARTS)
    scored(store, split, "scored", 30)
    add_run(store, split, "never", system="frequent")
    with pytest.raises(WrongInput, match=r"no post in common .*`mmkp report SPLIT`"):
        compare_runs(store, ["scored"], ["never"], "cmkp")
