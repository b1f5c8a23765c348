"""Is one run better than another? Both are scored on posts that both have predicted, and compared post by post."""

from collections.abc import Sequence
from typing import Any

from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.protocols import ScoreTable
from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.significance import compare
from mmkp_core.evaluation.spec import EvaluateSpec, ProtocolName
from mmkp_core.identity import ArtifactRef
from storage.records import Record
from storage.store import Store
from tasks.evaluate import by_head, gold_and_train, phrase_kinds

METRICS = ("f1@1", "f1@3", "map@5")

Place = tuple[str, str]
"""What was predicted on: a split or a data set, and the part."""


def compare_runs(
    store: Store, ours: Sequence[str], theirs: Sequence[str], protocol: ProtocolName, confidence: float = 0.95
) -> dict[str, Any]:
    """The paired test of two systems, each given by the names of its runs: one, or one for each training seed."""
    said = {name: _predictions(store, store.resolve("run", name)) for name in (*ours, *theirs)}
    common = set.intersection(*(set(places) for places in said.values()))
    if not common:
        raise WrongInput(
            f"{', '.join(said)} have not predicted the same posts; `mmkp report SPLIT` asks every named run of a split"
        )
    place = max(common, key=lambda place: min(said[name][place].made_at for name in said))
    first, second = ([_table(store, said[name][place], protocol) for name in names] for names in (ours, theirs))
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
    called = [v.name for v in store.names.current() if v.target.address == place[0]]
    return {
        "ours": list(ours),
        "theirs": list(theirs),
        "on": place[0],
        "called": called,
        "part": place[1],
        "protocol": protocol,
        "confidence": confidence,
        "rows": rows,
    }


def _predictions(store: Store, run: ArtifactRef) -> dict[Place, Record]:
    """What a run predicted, the newest of each place."""
    records = sorted(store.records("predictions"), key=lambda record: record.made_at)
    return {
        (r.facts["split"] or r.facts["dataset"], r.facts["part"]): r for r in records if r.facts["run"] == run.address
    }


def _table(store: Store, record: Record, protocol: ProtocolName) -> ScoreTable:
    """Of the system's own answer; seen and unseen by the training posts of the split."""
    gold, train = gold_and_train(store, record.ref)
    said = next(iter(by_head(store, record.ref).values()))
    card = evaluate(
        gold,
        said,
        EvaluateSpec(protocol=protocol, resamples=0),
        train_keyphrases=[post.keyphrases for post in train] if train else None,
        kinds=phrase_kinds(gold),
    )
    return card.tables[protocol]
