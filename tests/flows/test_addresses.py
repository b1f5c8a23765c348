"""What a system does not read cannot change its address; what changes its result does."""

from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.demo import write_demo
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.post import Post
from mmkp_core.errors import Unavailable, UnknownName, WrongInput
from mmkp_core.reference.learner import ReferenceLearner
from storage.enrichment import EnrichmentFacts, examples
from storage.store import Store

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

RAPID = {"ocr": {"engine": "rapid"}}


def run(flow: str, **parameters: Any) -> Any:
    from flows.command.running import run_here

    return run_here(flow, parameters)


def addresses(home: Path, *kinds: str) -> set[str]:
    return {record.ref.address for kind in kinds for record in Store(home).records(kind)}


@pytest.fixture
def split(home: Path, tmp_path: Path) -> str:
    write_demo(DemoSpec(posts=30, seed=3), tmp_path / "posts")
    source = {"path": str(tmp_path / "posts" / "posts.jsonl"), "images": str(tmp_path / "posts" / "images")}
    run("ingest", source=source, name="mine")
    run("split", dataset="mine", kind="random", name="mine", settings={"test_share": 0.3})
    run("enrich", dataset="mine", settings=RAPID)
    return "mine"


def test_a_second_extractor_and_a_second_ocr_engine_change_nothing_for_who_does_not_read_them(
    home: Path, split: str
) -> None:
    def make(system: str) -> None:
        run("train", system=system, data=split)
        run("evaluate", runs=[f"mine-{system}"], settings={"resamples": 0})

    make("frequent")
    before = addresses(home, "split", "run", "predictions", "scores")
    run("enrich", dataset="mine", settings={"ocr": {"engine": "rapid", "min_score": 0.9}})
    run("enrich", dataset="mine", settings={**RAPID, "features": {"extractor": {"cells": 5}}})
    run("split", dataset="mine", kind="random", name="mine", settings={"test_share": 0.3})
    make("frequent")
    assert addresses(home, "split", "run", "predictions", "scores") == before
    kinds = [record.states(EnrichmentFacts).kind for record in Store(home).records("enrichment")]
    assert kinds.count("ocr") == 2 and kinds.count("features/grid") == 2


def test_who_reads_the_words_is_trained_anew_on_other_words(home: Path, split: str) -> None:
    run("train", system="tfidf", data=split)
    [first] = addresses(home, "run")
    run("enrich", dataset="mine", settings={"ocr": {"engine": "rapid", "min_score": 0.9}})
    run("train", system="tfidf", data=split)
    assert len(addresses(home, "run")) == 2 and first in addresses(home, "run")


def test_a_runs_address_follows_the_learners_version(home: Path, split: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("train", system="frequent", data=split)
    run("train", system="frequent", data=split)
    assert len(addresses(home, "run")) == 1
    monkeypatch.setattr(ReferenceLearner, "version", ReferenceLearner.version + 1)
    run("train", system="frequent", data=split)
    assert len(addresses(home, "run")) == 2


def test_match_scores_are_those_that_came_with_the_posts(home: Path, split: str, tmp_path: Path) -> None:
    lines = [
        f"night bus {n} <seg> <seg> dog ; cat<sep>night bus<sep>https://example.org/{n}.jpg<sep>"
        f"tensor([[0.{9 - n}, 0.{n + 1}]])<sep>{int(n > 4)}<sep>dog ; cat"
        for n in range(9)
    ]
    (tmp_path / "train_ocr_kw.txt").write_text("\n".join(lines) + "\n")
    run("ingest", source={"path": str(tmp_path / "train_ocr_kw.txt"), "format": "mm-mkp"}, name="given")
    few = {"training.epochs": 1, "hidden": 8, "word_size": 8, "stages.handover.epochs": 1}
    run("train", system="mm-mkp-given-match", data="given", settings=few)
    run("enrich", dataset="given", settings=RAPID)

    store = Store(home)
    [made] = list(store.records("enrichment", "matches"))
    posts = [Post(post_id=str(n), text="", image_ref=f"https://example.org/{n}.jpg") for n in (0, 8, 9)]
    assert [e.match for e in examples(store, posts, [made.ref])] == [pytest.approx(0.1), pytest.approx(0.9), None]
    with pytest.raises(WrongInput, match="came without match scores"):
        run("train", system="mm-mkp-given-match", data=split, settings=few)


def test_vectors_are_made_by_the_extractor_that_a_system_reads(home: Path, split: str) -> None:
    few = {"training.epochs": 1, "hidden": 8, "word_size": 8}
    run("train", system="image-grid", data=split, settings={"image.features": "efficientnet-lite0", **few})
    made = {record.states(EnrichmentFacts).kind: record.spec for record in Store(home).records("enrichment")}

    assert made["features/efficientnet-lite0"]["settings"] == {"extractor": {"kind": "efficientnet-lite0"}}
    with pytest.raises(Unavailable, match=r"fetch them with: curl .*/vgg16-397923af\.pth"):
        run("train", system="vgg", data=split, settings=few)
    with pytest.raises(UnknownName, match="no extractor is called 'butd'"):
        run("train", system="image-grid", data=split, settings={"image.features": "butd", **few})
