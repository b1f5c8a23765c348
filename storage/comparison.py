"""Two systems compared on posts that all their runs have scores on and none was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.comparing import METRICS, ScoredSet, common_posts, compare_sets
from mmkp_core.evaluation.post_scores import Selection, read_tables, rows_with
from mmkp_core.evaluation.spec import EvaluateSpec, ProtocolName
from mmkp_core.identity import ArtifactRef
from mmkp_core.spec import load
from storage.dataset import DataSet
from storage.facts import RunFacts, ScoresFacts
from storage.records import Record
from storage.run import Run, Scores
from storage.store import Store

SLICES = ("all", "present", "absent", "seen", "unseen")

Place = tuple[str, str]
"""A data set, and where a phrase must stand to count as present."""


def compare_runs(
    store: Store, ours: Sequence[str], theirs: Sequence[str], protocol: ProtocolName, confidence: float = 0.95
) -> dict[str, Any]:
    """The paired test of two systems, each given by the names of its runs: one, or one for each training seed."""
    runs = {name: Run(store, store.resolve("run", name)) for name in (*ours, *theirs)}
    for names in (ours, theirs):
        require_one_system({name: runs[name].record for name in names}, given=len(names))
    scores = {name: _scores_of(run, protocol) for name, run in runs.items()}
    places = set.intersection(*(set(found) for found in scores.values()))
    sets = {
        place: {name: _sets(runs[name], found[place], protocol) for name, found in scores.items()} for place in places
    }
    common = {place: common_posts(by_run.values()) for place, by_run in sets.items()}
    place, ids = max(sorted(common.items()), key=lambda item: len(item[1]), default=(("", ""), set()))
    if not ids:
        raise WrongInput(
            f"{', '.join(runs)} have no post in common that all have scores on and none was trained on; "
            "`mmkp report SPLIT` lets every named run of a split predict its test posts, and scores them"
        )
    dataset = place[0]
    by_run = sets[place]
    rows = compare_sets(
        [by_run[name] for name in ours],
        [by_run[name] for name in theirs],
        [post.post_id for post in DataSet(store, ArtifactRef.parse(dataset)).posts() if post.post_id in ids],
        labels_alike=len({run.facts.split for run in runs.values()} | _splits(scores, place)) == 1,
        confidence=confidence,
    )
    return {
        "ours": list(ours),
        "theirs": list(theirs),
        "dataset": dataset,
        "names": sorted(v.name.partition("/")[2] for v in store.names.current() if v.target.address == dataset),
        "posts": len(ids),
        "protocol": protocol,
        "confidence": confidence,
        "rows": [asdict(row) for row in rows],
    }


def require_one_system(runs: Mapping[str, Record], given: int) -> None:
    """Runs of one side are one system trained with several seeds, each once; `given` is how many names were."""
    facts = [record.states(RunFacts) for record in runs.values()]
    kinds = {(fact.system, str(record.spec["spec"])) for fact, record in zip(facts, runs.values(), strict=True)}
    if len(kinds) > 1 or len({fact.seed for fact in facts}) < given:
        raise WrongInput(
            f"{', '.join(runs)}: with commas between stand runs of one system with the same settings, each of another "
            "seed; compare other runs one with one"
        )


def _scores_of(run: Run, protocol: ProtocolName) -> dict[Place, list[Scores]]:
    """The run's scores under a protocol, of posts as they are, by what they are comparable with; the newest last."""
    found: dict[Place, list[Scores]] = {}
    for record in sorted(run.store.records("scores"), key=lambda record: record.made_at):
        facts, spec = record.states(ScoresFacts), load(EvaluateSpec, record.spec)
        if (facts.run, facts.inputs) == (run.ref.address, "both") and spec.protocol in ("all", protocol):
            place = (facts.dataset, spec.present_source)
            found.setdefault(place, []).append(Scores(run.store, record.ref))
    return found


def _sets(run: Run, scores: Sequence[Scores], protocol: ProtocolName) -> list[ScoredSet]:
    """What the system's own answers score; posts of the run's data set that it trained or validated on are left out."""
    selection: Selection = {(protocol, metric): SLICES for metric in METRICS}
    trained = frozenset(post_id for post_id, part in run.split.parts().items() if part in ("train", "valid"))
    return [
        ScoredSet(
            read_tables(one.post_scores(where=rows_with(selection)), selection)[one.facts.heads[0]][protocol],
            trained if one.facts.dataset == run.facts.dataset else frozenset(),
        )
        for one in scores
    ]


def _splits(scores: Mapping[str, Mapping[Place, Sequence[Scores]]], place: Place) -> set[str | None]:
    """The splits whose labels the scores were told from."""
    return {one.facts.split for found in scores.values() for one in found[place]}
