"""Is one run better than another? Both are scored on posts that both answered and neither trained on, post by post."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmkp_core.data.post import Prediction
from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.significance import compare
from mmkp_core.evaluation.spec import EvaluateSpec, ProtocolName
from mmkp_core.identity import ArtifactRef
from storage.records import Record
from storage.store import Store
from tasks.evaluate import by_head, phrase_kinds
from tasks.examples import dataset_posts, part_posts, split_parts

METRICS = ("f1@1", "f1@3", "map@5")


def compare_runs(
    store: Store, ours: Sequence[str], theirs: Sequence[str], protocol: ProtocolName, confidence: float = 0.95
) -> dict[str, Any]:
    """The paired test of two systems, each given by the names of its runs: one, or one for each training seed."""
    runs = {name: store.require(store.resolve("run", name)) for name in (*ours, *theirs)}
    for names in (ours, theirs):
        _refuse_strangers(names, runs)
    said = {name: _said(store, run) for name, run in runs.items()}
    common = {
        dataset: set.intersection(*(set(answers.get(dataset, ())) for answers in said.values()))
        for dataset in {dataset for answers in said.values() for dataset in answers}
    }
    dataset, ids = max(common.items(), key=lambda item: len(item[1]), default=("", set()))
    gold = [post for post in dataset_posts(store, ArtifactRef.parse(dataset)) if post.post_id in ids] if ids else []
    gold = [post for post in gold if post.keyphrases]
    if not gold:
        raise WrongInput(
            f"{', '.join(runs)} have no post in common that all have answered and none was trained on; "
            "`mmkp report SPLIT` lets every named run of a split answer its test posts"
        )
    splits = {ArtifactRef.parse(run.facts["split"]) for run in runs.values()}
    trained = part_posts(store, next(iter(splits)), "train") if len(splits) == 1 else None
    tables = {
        name: evaluate(
            gold,
            [answers[dataset][post.post_id] for post in gold],
            EvaluateSpec(protocol=protocol, resamples=0),
            train_keyphrases=None if trained is None else [post.keyphrases for post in trained],
            kinds=phrase_kinds(gold),
        ).tables[protocol]
        for name, answers in said.items()
    }
    first, second = ([tables[name] for name in names] for names in (ours, theirs))
    rows = []
    for part in first[0].slices:
        for metric in METRICS:
            if metric in first[0].slices[part].metrics:
                found = compare(first, second, slice=part, metric=metric, confidence=confidence)
                rows.append(
                    {
                        "slice": part,
                        "metric": metric,
                        "ours": sum(t.slices[part].value(metric) for t in first) / len(first),
                        "theirs": sum(t.slices[part].value(metric) for t in second) / len(second),
                        "difference": found.difference,
                        "low": found.low,
                        "high": found.high,
                        "p_value": found.p_value,
                        "posts": found.posts,
                    }
                )
    return {
        "ours": list(ours),
        "theirs": list(theirs),
        "dataset": dataset,
        "called": sorted(v.name.partition("/")[2] for v in store.names.current() if v.target.address == dataset),
        "posts": len(gold),
        "protocol": protocol,
        "confidence": confidence,
        "rows": rows,
    }


def _refuse_strangers(names: Sequence[str], runs: Mapping[str, Record]) -> None:
    """Runs of one side are one system trained with several seeds, each once."""
    seeds = [runs[name].facts["seed"] for name in names]
    kinds = {str(runs[name].spec["spec"]) for name in names} | {runs[name].facts["system"] for name in names}
    if len(kinds) > 2 or len(set(seeds)) < len(seeds):
        raise WrongInput(
            f"{', '.join(names)}: with commas between stand runs of one system with the same settings, each of another "
            "seed; compare other runs one with one"
        )


def _said(store: Store, run: Record) -> dict[str, dict[str, Prediction]]:
    """data set -> post id -> the run's own answer, the newest; posts that it trained or validated on are left out."""
    split = ArtifactRef.parse(run.facts["split"])
    trained = {post_id for post_id, part in split_parts(store, split).items() if part in ("train", "valid")}
    found: dict[str, dict[str, Prediction]] = {}
    for record in sorted(store.records("predictions"), key=lambda record: record.made_at):
        if record.facts["run"] == run.ref.address:
            own = next(iter(by_head(store, record.ref).values()))
            known = trained if record.facts["dataset"] == run.facts["dataset"] else set()
            answers = found.setdefault(record.facts["dataset"], {})
            answers.update({said.post_id: said for said in own if said.post_id not in known})
    return found
