"""Which artifacts a page is made from: scores by split, what is shown beside posts, leaks and decisions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mmkp_core.identity import ArtifactRef
from mmkp_core.systems import SYSTEMS
from storage.enrichment import known_enrichment
from storage.facts import DecisionFacts, ScoresFacts, SplitFacts
from storage.records import Record
from storage.run import decisions_about, run_names, scores_on
from storage.store import Store

SHOWN = ("ocr", "attributes", "entities", "matches")
"""Kinds of enrichment that stand beside an example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSources:
    scores: Mapping[ArtifactRef, Sequence[ArtifactRef]]
    """split -> scores on its test posts, in the order of the table of systems"""
    shown: Mapping[ArtifactRef, Sequence[ArtifactRef]]
    """split -> the enrichments that are shown beside its posts"""
    leaky: Sequence[ArtifactRef] = ()
    """Scores on a split whose test posts have duplicates among its training posts."""
    purged: Sequence[ArtifactRef] = ()
    """Scores on the same test posts without those duplicates."""
    decisions: Sequence[ArtifactRef] = ()

    def inputs(self) -> list[ArtifactRef]:
        """All of them, each once: what the page's address is made from."""
        return list(dict.fromkeys(self._every()))

    def _every(self) -> Iterator[ArtifactRef]:
        for split, scores in self.scores.items():
            yield split
            yield from self.shown[split]
            yield from scores
        yield from (*self.leaky, *self.purged, *self.decisions)

    def names(self, store: Store) -> dict[str, str]:
        """What the runs and splits on the page are called, by address."""
        runs = {_facts(store, ref).run for refs in self.scores.values() for ref in refs}
        runs |= {_facts(store, ref).run for ref in (*self.leaky, *self.purged)}
        for facts in (store.require(ref).states(DecisionFacts) for ref in self.decisions):
            runs |= {facts.challenger, *filter(None, [facts.champion])}
        splits = {split.address for split in self.scores}
        found = {run.address: name for run, name in run_names(store).items() if run.address in runs}
        for version in store.names.current():
            kind, _, name = version.name.partition("/")
            if kind == "split" and version.target.address in splits:
                found[version.target.address] = name
        return found


def report_sources(store: Store, split: ArtifactRef, scores: Sequence[ArtifactRef]) -> ReportSources:
    """For the page about one split, with what else is known: leak effects, and decisions about the same runs."""
    leaky, purged = leak_scores(store, split)
    runs = [_facts(store, ref).run for ref in scores]
    return ReportSources(
        scores={split: _in_order(store, scores)},
        shown={split: _shown(store, split)},
        leaky=_in_order(store, leaky),
        purged=_in_order(store, purged),
        decisions=decisions_about(store, runs),
    )


def leaderboard_sources(store: Store, scores: Sequence[ArtifactRef]) -> ReportSources:
    """For a page about runs of several splits and seeds."""
    by_split: dict[ArtifactRef, list[ArtifactRef]] = {}
    for ref in scores:
        by_split.setdefault(ArtifactRef.parse(str(_facts(store, ref).split)), []).append(ref)
    return ReportSources(
        scores={split: _in_order(store, refs) for split, refs in by_split.items()},
        shown={split: _shown(store, split) for split in by_split},
    )


def leak_scores(store: Store, split: ArtifactRef) -> tuple[list[ArtifactRef], list[ArtifactRef]]:
    """Scores on a random split of the same data set, and on that split without duplicates of its test posts.

    The leak effect is read from both; empty where nobody made the two splits and ran a system on each.
    """
    dataset = store.require(split).states(SplitFacts).dataset
    pairs: dict[str, dict[str, Record]] = {}
    for record in store.records("split"):
        facts = record.states(SplitFacts)
        if facts.dataset == dataset and facts.kind in ("random", "purged"):
            alike = {name: value for name, value in record.spec.items() if name != "kind"}
            pairs.setdefault(f"{sorted(alike.items())} {record.inputs}", {})[facts.kind] = record
    found: tuple[list[ArtifactRef], list[ArtifactRef]] = ([], [])
    for pair in pairs.values():
        leaky, purged = (_newest(store, pair[kind].ref) if kind in pair else {} for kind in ("random", "purged"))
        for system in sorted(leaky.keys() & purged.keys()):
            found[0].append(leaky[system])
            found[1].append(purged[system])
    return found


def _newest(store: Store, split: ArtifactRef) -> dict[str, ArtifactRef]:
    """system -> the newest scores of one of its runs"""
    records = sorted(map(store.require, scores_on(store, split).values()), key=lambda record: record.made_at)
    return {record.states(ScoresFacts).system: record.ref for record in records}


def _shown(store: Store, split: ArtifactRef) -> list[ArtifactRef]:
    dataset = ArtifactRef.parse(store.require(split).states(SplitFacts).dataset)
    return [ref for kind in SHOWN if (ref := known_enrichment(store, dataset, kind))]


def _in_order(store: Store, scores: Sequence[ArtifactRef]) -> list[ArtifactRef]:
    order = list(SYSTEMS)
    return sorted(scores, key=lambda ref: order.index(_facts(store, ref).system))


def _facts(store: Store, scores: ArtifactRef) -> ScoresFacts:
    return store.require(scores).states(ScoresFacts)
