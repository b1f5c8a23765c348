"""What belongs to a run: the split it was trained on, and the enrichment it learned from."""

from collections.abc import Sequence

from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from storage.records import Record
from storage.store import Store
from tasks.examples import plain
from tasks.store import open_store


def split_of(run: ArtifactRef) -> ArtifactRef:
    return ArtifactRef.parse(open_store().require(run).facts["split"])


def dataset_of(split: ArtifactRef) -> ArtifactRef:
    return ArtifactRef.parse(open_store().require(split).facts["dataset"])


def enrichment_of(run: ArtifactRef, split: ArtifactRef) -> ArtifactRef:
    """The enrichment that `run` learned from, if it is one of the split's data set."""
    store = open_store()
    enriched = ArtifactRef.parse(store.require(run).facts["enriched"])
    if store.require(enriched).facts["dataset"] == store.require(split).facts["dataset"]:
        return enriched
    return enrichment_for(dataset_of(split))


def enrichment_for(dataset: ArtifactRef) -> ArtifactRef:
    """The enrichment that counts for a data set."""
    if found := known_enrichment(dataset):
        return found
    raise WrongInput(f"{dataset} has not been enriched; run `mmkp enrich` on it")


def known_enrichment(dataset: ArtifactRef) -> ArtifactRef | None:
    """The one that was named last: what a person chose; without one, the newest."""
    store = open_store()
    made = {r.ref: r.made_at for r in store.records("enriched") if r.facts["dataset"] == dataset.address}
    named = {v.target: v.at for v in store.names.current() if v.name.startswith("enriched/") and v.target in made}
    return max(named or made, key=lambda ref: (named or made)[ref], default=None)


def teaching_for(split: ArtifactRef) -> ArtifactRef | None:
    """The teaching of a split's training posts that was named last; without one, the newest."""
    store = open_store()
    made = {r.ref: r.made_at for r in store.records("taught") if r.facts["split"] == split.address}
    named = {v.target: v.at for v in store.names.current() if v.name.startswith("taught/") and v.target in made}
    return max(named or made, key=lambda ref: (named or made)[ref], default=None)


def runs_on(split: ArtifactRef) -> dict[str, ArtifactRef]:
    """The runs that bear a name and were trained on a split, by name."""
    store = open_store()
    found = {
        name: run for run, name in run_names().items() if store.require(run).facts["split"] == split.address
    }  # a run of several names once
    if not found:
        raise WrongInput(f"no run that bears a name was trained on {split}; train one with `mmkp train`")
    return found


def leak_scores(split: ArtifactRef) -> tuple[list[ArtifactRef], list[ArtifactRef]]:
    """Scores on a random split of the same data set, and on that split without copies of its test posts.

    What a leak is worth is read from both; empty where nobody made the two splits and ran a system on each.
    """
    store, dataset = open_store(), dataset_of(split).address
    pairs: dict[str, dict[str, Record]] = {}
    for record in store.records("split"):
        if record.facts["dataset"] == dataset and record.facts.get("kind") in ("random", "purged"):
            alike = {name: value for name, value in plain(record.spec).items() if name != "kind"}
            pairs.setdefault(f"{sorted(alike.items())} {record.inputs}", {})[record.facts["kind"]] = record
    found: tuple[list[ArtifactRef], list[ArtifactRef]] = ([], [])
    for pair in pairs.values():
        leaky, purged = (_newest_scores(store, pair[kind]) if kind in pair else {} for kind in ("random", "purged"))
        for system in sorted(leaky.keys() & purged.keys()):
            found[0].append(leaky[system])
            found[1].append(purged[system])
    return found


def _newest_scores(store: Store, split: Record) -> dict[str, ArtifactRef]:
    """system -> scores on the test posts of a split, the newest"""
    records = sorted(store.records("scores"), key=lambda record: record.made_at)
    return {
        record.facts["system"]: record.ref
        for record in records
        if (record.facts["split"], record.facts["part"]) == (split.ref.address, "test")
    }


def decisions_about(scores: Sequence[ArtifactRef]) -> list[ArtifactRef]:
    """The decisions in which one of the scored runs was champion or challenger, the oldest first."""
    store = open_store()
    runs = {store.require(ref).facts["run"] for ref in scores}
    found = [r for r in store.records("decision") if runs & {r.facts["champion"], r.facts["challenger"]}]
    return [record.ref for record in sorted(found, key=lambda record: record.made_at)]


def run_names() -> dict[ArtifactRef, str]:
    """What people call each run; the newest name counts."""
    current = sorted(open_store().names.current(), key=lambda version: version.at)
    return {v.target: v.name.partition("/")[2] for v in current if v.name.startswith("run/")}
