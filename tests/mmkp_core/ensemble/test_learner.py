from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.ensemble.learner import EnsembleLearner
from mmkp_core.ensemble.spec import EnsembleSpec, MemberSpec
from mmkp_core.errors import WrongInput
from mmkp_core.learning import LearningData, PredictionData, Progress
from mmkp_core.reference.spec import ReferenceSpec
from mmkp_core.spec import changed, dump, load
from mmkp_core.systems import SYSTEMS, declared
from tests.mmkp_core.classic.small import posts, silent, small

TFIDF = MemberSpec(name="tfidf", system=ReferenceSpec(neighbours=5, keep=10))
FREQUENT = MemberSpec(name="frequent", system=ReferenceSpec(method="frequent", keep=10))
COPY = MemberSpec(name="copy", system=small("copy", words=30, training__epochs=4))


def share_of_hits(found: list[Any], examples: list[Any]) -> float:
    return sum(p.phrases[0] in e.post.keyphrases for p, e in zip(found, examples, strict=True)) / len(examples)


def test_it_is_right_more_often_than_any_of_its_members(tmp_path: Path) -> None:
    """One member knows what is often said, another what similar posts say; neither sees which of the two holds."""
    examples, _ = posts(330)
    data, test = LearningData(examples[:200], examples[200:250]), examples[250:]
    right = {}
    for names in (("tfidf",), ("mentioned",), ("tfidf", "mentioned")):
        members = tuple(MemberSpec(name=n, system=replace(SYSTEMS[n].spec, keep=10)) for n in (*names, "frequent"))
        folder = tmp_path / "-".join(names)
        EnsembleLearner().fit(EnsembleSpec(members=members), data, 0, folder / "model", folder / "work", silent)
        found = EnsembleLearner().load(folder / "model").predict(PredictionData(test), silent)["phrases"]
        assert [p.post_id for p in found] == [e.post.post_id for e in test]
        assert all(len(p.phrases) <= 5 and sorted(p.scores, reverse=True) == list(p.scores) for p in found)
        right[names] = share_of_hits(found, test)

    assert right["tfidf", "mentioned"] >= max(right["tfidf",], right["mentioned",])


def test_a_killed_training_goes_on_with_the_member_that_it_was_at(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def killer(progress: Progress) -> None:
        if progress.note.startswith("copy, epoch 3"):
            raise Killed

    examples, _ = posts(60)
    data, spec = LearningData(examples[:40], examples[40:]), EnsembleSpec(members=(TFIDF, COPY))
    learner = EnsembleLearner()
    learner.fit(spec, data, 3, tmp_path / "expected", tmp_path / "work", silent)
    with pytest.raises(Killed):
        learner.fit(spec, data, 3, tmp_path / "found", tmp_path / "other", killer)
    learner.fit(spec, data, 3, tmp_path / "found", tmp_path / "other", silent)

    files = sorted(p.relative_to(tmp_path / "expected") for p in (tmp_path / "expected").rglob("*") if p.is_file())
    assert Path("ensemble.json") in files
    assert len(files) == 5
    assert all((tmp_path / "found" / p).read_bytes() == (tmp_path / "expected" / p).read_bytes() for p in files)


def test_curves_and_counts_say_whose_they_are(tmp_path: Path) -> None:
    examples, _ = posts(60)
    spec = EnsembleSpec(members=(TFIDF, COPY))
    data = LearningData(examples[:40], examples[40:])
    learned = EnsembleLearner().fit(spec, data, 0, tmp_path / "m", tmp_path / "w", silent)

    assert {point.name.split("/")[0] for point in learned.curve} == {"copy"}
    assert learned.counts["train_posts"] == 40
    assert learned.counts["valid_posts"] == 20
    assert learned.counts["copy_words"] == 36  # 30, and the signs
    assert 0 < learned.counts["valid_candidates_right"] < learned.counts["valid_candidates"]
    assert learned.epochs == 4


def test_it_reads_what_any_member_reads() -> None:
    seeing = MemberSpec(name="m3h-att", system=small("m3h-att"))
    found = EnsembleLearner().declare(EnsembleSpec(members=(COPY, TFIDF, seeing)))

    assert found.reads == ("ocr", "attributes", "features/grid")
    assert found.needs == ("image",)
    assert declared("ensemble", SYSTEMS["ensemble"].spec).reads == ("ocr",)


def test_a_members_settings_are_changed_by_its_name() -> None:
    spec = changed(SYSTEMS["ensemble"].spec, {"members.neighbour-copy.system.training.epochs": 3})

    assert spec.members[0].system.training.epochs == 3
    assert load(EnsembleSpec, dump(spec)) == spec
    assert [type(member.system) for member in load(EnsembleSpec, dump(spec)).members] == [
        ClassicSpec, ReferenceSpec, ReferenceSpec,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ((COPY,), "at least two members"),
        ((COPY, replace(TFIDF, name="copy")), "a name of its own"),
        (
            tuple(
                MemberSpec(name=name, system=replace(small("m3h-att"), image=ImageSpec(features=name)))
                for name in ("grid", "butd")
            ),
            "vectors of 2 extractors",
        ),
    ],
)
def test_members_that_do_not_go_together_are_refused(members: tuple[MemberSpec, ...], message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        EnsembleLearner().declare(EnsembleSpec(members=members))


def test_without_validation_posts_there_is_nothing_to_learn_the_ranking_from(tmp_path: Path) -> None:
    examples, _ = posts(20)
    with pytest.raises(WrongInput, match="validation posts, and this split has none"):
        EnsembleLearner().fit(
            EnsembleSpec(members=(TFIDF, FREQUENT)), LearningData(examples, []), 0, tmp_path, tmp_path / "w", silent
        )
