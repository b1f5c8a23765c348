"""A trained run as stored, and its predictions and scores."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mmkp_core.data.post import Prediction
from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.identity import ArtifactRef
from mmkp_core.learning import System
from mmkp_core.spec import load
from mmkp_core.systems import find_system, learner
from storage.enrichment import KIND as ENRICHMENT
from storage.facts import DecisionFacts, PredictionsFacts, RationalesFacts, RunFacts, ScoresFacts
from storage.split import Split
from storage.store import Store


class Run:
    def __init__(self, store: Store, ref: ArtifactRef) -> None:
        self.store = store
        self.ref = ref
        self.record = store.require(ref)
        self.facts = self.record.states(RunFacts)

    @property
    def split(self) -> Split:
        return Split(self.store, ArtifactRef.parse(self.facts.split))

    @property
    def system(self) -> System:
        return find_system(self.facts.system)

    @property
    def spec(self) -> object:
        """The system's spec as it was trained."""
        return load(type(self.system.spec), self.record.spec["spec"])

    @property
    def enrichments(self) -> list[ArtifactRef]:
        """What it learned from besides posts, by kind."""
        return [ref for ref in self.record.inputs if ref.kind == ENRICHMENT]

    @property
    def rationales(self) -> list[ArtifactRef]:
        return [ref for ref in self.record.inputs if ref.kind == "rationales"]

    def model(self) -> Path:
        """The model's folder, checked byte by byte: a flipped weight must not pass for a prediction."""
        self.store.require_intact(self.record)
        return self.store.local(self.record, "model")

    def require_same_weights(self) -> None:
        """An adapter means nothing on other weights than those it was trained on."""
        now, then = learner(self.facts.family).weights(self.spec), self.record.spec["weights"]
        if now != then:
            raise Mismatch(
                f"the pretrained weights of run {run_names(self.store).get(self.ref, self.ref)} are not those that it "
                f"was trained on ({now}, then {then}); bring those back, or train the run again"
            )

    def curves(self) -> pa.Table:
        return self.store.table(self.record, "curves")


class Predictions:
    """What a run predicts for a part of a split or for a data set; the rows are in parts."""

    def __init__(self, store: Store, ref: ArtifactRef) -> None:
        self.store = store
        self.ref = ref
        self.record = store.require(ref)
        self.facts = self.record.states(PredictionsFacts)

    @property
    def run(self) -> Run:
        return Run(self.store, ArtifactRef.parse(self.facts.run))

    @property
    def split(self) -> Split | None:
        return Split(self.store, ArtifactRef.parse(self.facts.split)) if self.facts.split else None

    @property
    def enrichments(self) -> list[ArtifactRef]:
        return [ref for ref in self.record.inputs if ref.kind == ENRICHMENT]

    def table(self, columns: list[str] | None = None) -> pa.Table:
        parts = [self.store.require(ref) for ref in self.record.inputs if ref.kind == "answers"]
        return self.store.table(parts, "predictions", columns)

    def by_head(self) -> dict[str, list[Prediction]]:
        """Predictions by head, in the order of the posts."""
        found: dict[str, list[Prediction]] = {head: [] for head in self.facts.heads}
        for row in self.table(["post_id", "head", "phrases", "scores"]).to_pylist():
            found[row["head"]].append(Prediction(row["post_id"], tuple(row["phrases"]), tuple(row["scores"])))
        return found


class Scores:
    """Scores of predictions by every protocol, with a row for each hit and for each post."""

    def __init__(self, store: Store, ref: ArtifactRef) -> None:
        self.store = store
        self.ref = ref
        self.record = store.require(ref)
        self.facts = self.record.states(ScoresFacts)

    @property
    def run(self) -> Run:
        return Run(self.store, ArtifactRef.parse(self.facts.run))

    @property
    def predictions(self) -> Predictions:
        return Predictions(self.store, ArtifactRef.parse(self.facts.predictions))

    def table(self) -> pa.Table:
        return self.store.table(self.record, "scores")

    def hits(self, columns: list[str] | None = None) -> pa.Table:
        return self.store.table(self.record, "hits", columns)

    def post_scores(self, where: pc.Expression | None = None) -> pa.Table:
        """A row for each post and metric, all of them or those that a filter lets through."""
        return self.store.table(self.record, "post_scores", where=where)


def run_names(store: Store) -> dict[ArtifactRef, str]:
    """What people call each run; the newest name counts."""
    current = sorted(store.names.current(), key=lambda version: version.at)
    return {v.target: v.name.partition("/")[2] for v in current if v.name.startswith("run/")}


def runs_on(store: Store, split: ArtifactRef) -> dict[str, ArtifactRef]:
    """The runs that bear a name and were trained on a split, by name; a run of several names once."""
    found = {
        name: run
        for run, name in run_names(store).items()
        if store.require(run).states(RunFacts).split == split.address
    }
    if not found:
        raise WrongInput(f"no run that bears a name was trained on {split}; train one with `mmkp train`")
    return found


def scores_on(store: Store, split: ArtifactRef, part: str = "test") -> dict[str, ArtifactRef]:
    """run address -> the newest scores on a part of a split of posts as they are, nothing withheld."""
    records = sorted(store.records("scores"), key=lambda record: record.made_at)
    found = {}
    for record in records:
        facts = record.states(ScoresFacts)
        if (facts.split, facts.part, facts.inputs) == (split.address, part, "both"):
            found[facts.run] = record.ref
    return found


def rationales_for(store: Store, split: ArtifactRef) -> ArtifactRef | None:
    """The rationales for a split's training posts that were named last; without a name, the newest."""
    made = {
        record.ref: record.made_at
        for record in store.records("rationales")
        if record.states(RationalesFacts).split == split.address
    }
    named = {v.target: v.at for v in store.names.current() if v.name.startswith("rationales/") and v.target in made}
    return max(named or made, key=lambda ref: (named or made)[ref], default=None)


def decisions_about(store: Store, runs: Sequence[str]) -> list[ArtifactRef]:
    """The decisions in which one of the runs was champion or challenger, the oldest first."""
    found = []
    for record in store.records("decision"):
        facts = record.states(DecisionFacts)
        if {facts.champion, facts.challenger} & set(runs):
            found.append(record)
    return [record.ref for record in sorted(found, key=lambda record: record.made_at)]
