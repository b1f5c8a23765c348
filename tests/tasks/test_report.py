"""Pages from stored scores: one split with its leak effects, several splits beside each other, names as people know."""

from pathlib import Path

import pytest

from mmkp_core.data.post import Post, Prediction
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from storage.report_pages import ReportPages
from storage.report_sources import leak_scores
from storage.store import Store
from tasks.evaluate import evaluate_predictions
from tasks.report import make_leaderboard, make_report
from tasks.run.store import open_store
from tests.fixtures.small_store import add_dataset, add_predictions, add_run, add_split

POSTS = [Post(post_id=str(n), text=f"post {n} on chess", keyphrases=("chess", f"topic {n}")) for n in range(12)]
PARTS = {post.post_id: "train" if n < 4 else "test" for n, post in enumerate(POSTS)}
SPEC = EvaluateSpec(resamples=100)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("MMKP_HOME", str(tmp_path))
    return open_store()


def scored(
    store: Store, split: ArtifactRef, name: str, *, right: bool = True, system: str = "tfidf", seed: int = 0
) -> ArtifactRef:
    run = add_run(store, split, name, system=system, seed=seed)
    predictions = [Prediction(post.post_id, ("chess",) if right else ("x",)) for post in POSTS[4:]]
    return evaluate_predictions.fn(add_predictions(store, run, split, predictions), SPEC)


def page(store: Store, ref: ArtifactRef, name: str = "report.md") -> str:
    return store.read(store.require(ref), name).decode()


def test_a_split_with_its_systems_and_leak_effect_is_a_page(store: Store) -> None:
    dataset = add_dataset(store, POSTS)
    split = add_split(store, dataset, PARTS)
    random = add_split(store, dataset, PARTS, "random", kind="random", leaked=["5", "6", "7"])
    purged = add_split(store, dataset, PARTS, "purged", kind="purged")
    scores = [scored(store, split, "mine"), scored(store, split, "most", right=False, system="frequent")]
    leaky, clean = scored(store, random, "leaky"), scored(store, purged, "clean", right=False)
    assert leak_scores(store, split) == ([leaky], [clean])
    made = make_report.fn("A page", split, scores)
    text = page(store, made)
    assert "8 test posts, 2 runs of 2 systems, trained on 4 posts" in text
    assert text.index("Most frequent") < text.index("TF-IDF nearest neighbours")
    assert "| TF-IDF nearest neighbours | 3 | 66.7" in text
    assert "## Examples" in text and "✓ chess" in text
    assert make_report.fn("A page", split, scores) == made
    assert "<h1>" in page(store, made, "report.html")


def test_other_names_are_another_page(store: Store) -> None:
    split = add_split(store, add_dataset(store, POSTS), PARTS)
    scores = [scored(store, split, "mine")]
    before = make_report.fn("A page", split, scores)
    store.point("run/renamed", ArtifactRef.parse(store.require(scores[0]).facts.run), "renamed")
    assert make_report.fn("A page", split, scores) != before


def test_seeds_and_splits_stand_on_one_leaderboard(store: Store) -> None:
    dataset = add_dataset(store, POSTS)
    splits = {name: add_split(store, dataset, PARTS, name, kind=name) for name in ("first", "second")}
    scores = [
        scored(store, split, f"{name}-{seed}", right=not seed, seed=seed)
        for name, split in splits.items()
        for seed in range(2)
    ]
    made = make_leaderboard.fn("A board", scores)
    assert made.kind == "leaderboard"
    text = page(store, made)
    assert "4 runs of 1 system on 2 splits with 16 test posts" in text
    assert "### Every split" in text and "| System | first (8) | second (8) |" in text
    assert text.count("TF-IDF nearest neighbours (2 training seeds)") == 6
    listed = ReportPages(Path(store.objects.base)).listing()
    assert [entry.title for entry in listed] == ["A board"]
    assert ReportPages(Path(store.objects.base)).page(made.fingerprint, "report.md") == text.encode()
