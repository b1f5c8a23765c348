"""Champion and challenger: the decision between two runs, and what follows from it."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from mmkp_core.errors import Mismatch
from mmkp_core.evaluation.decision import Contestant, Verdict, comparison
from mmkp_core.evaluation.decision import decide as judge
from mmkp_core.evaluation.post_scores import read_tables
from mmkp_core.evaluation.spec import PromotionRule
from mmkp_core.identity import ArtifactRef
from mmkp_core.spec import load
from storage.dataset import DataSet
from storage.draft import Draft
from storage.facts import DecisionFacts, RunFacts, SplitFacts
from storage.records import Record
from storage.run import Run, Scores, run_names
from tasks.champion import show_champion
from tasks.run.store import build_once, flow_run_id, open_store
from tasks.run.stored import stored_task

logger = logging.getLogger(__name__)

VERSION = 2


def check_grown(dataset: ArtifactRef, name: str, champion: ArtifactRef) -> None:
    """An error unless `dataset` is what the champion was trained on, grown: else its training posts go unseen here.

    Posts may have gone or changed, but not most of them.
    """
    store = open_store()
    before = Run(store, champion).split.dataset
    if set(before.record.inputs) <= set(store.require(dataset).inputs):
        return  # appended to
    now = {post.post_id: post.text for post in DataSet(store, dataset).posts()}
    then = before.posts()
    same = sum(now.get(post.post_id) == post.text for post in then)
    if 2 * same < len(then):
        raise Mismatch(
            f"the champion {name!r} was trained on other posts: {same:,} of its {len(then):,} are in this data set; "
            "give each data set a champion of its own (champion, --champion NAME)"
        )
    if same < len(then):
        logger.warning("%s of %s posts of the champion's data set are gone or changed", len(then) - same, len(then))


@stored_task(task_run_name="decide")
def decide(
    name: str,
    champion: ArtifactRef | None,
    challenger: ArtifactRef,
    scores: Sequence[ArtifactRef],
    rule: PromotionRule,
) -> ArtifactRef:
    """Whether the challenger takes the name: only if it is better with significance, or if there is no champion.

    `scores` are those of champion and challenger, in this order, on the same posts.
    """
    store = open_store()

    def build(draft: Draft) -> None:
        draft.facts = _decision(name, champion, challenger, [Scores(store, ref) for ref in scores], rule)

    inputs = [ref for ref in (champion, challenger, *scores) if ref]
    return build_once("decision", {"name": name, "rule": rule}, inputs, build, version=VERSION)


def kept_before(decision: ArtifactRef) -> Record | None:
    """The decision, if an earlier run made it and kept the champion."""
    record = open_store().require(decision)
    mine = record.provenance.get("flow_run") == flow_run_id()
    return record if record.states(DecisionFacts).verdict == "kept" and not mine else None


@stored_task(task_run_name="carry out")
def carry_out(decision: ArtifactRef) -> str:
    """Let the name follow the decision, and explain it in the UI; the verdict."""
    store = open_store()
    record = store.require(decision)
    facts = record.states(DecisionFacts)
    challenger = _contestant(facts.challenger)
    if facts.verdict in ("first", "promoted"):
        store.point(f"champion/{facts.name}", ArtifactRef.parse(facts.challenger), "; ".join(facts.reasons))
    if facts.champion is None:
        title = f"First: `{challenger.run}` is the champion `{facts.name}`"
        show_champion(facts.name, title, lines=["Nobody bore the name, so there was nothing to compare with."])
        return facts.verdict
    champion = _contestant(facts.champion)
    title = (
        f"Promoted: `{challenger.run}` is now the champion `{facts.name}`"
        if facts.verdict == "promoted"
        else f"Kept: `{champion.run}` stays the champion `{facts.name}`"
    )
    rule = load(PromotionRule, record.spec["rule"])
    verdict = Verdict(**{f.name: getattr(facts, f.name) for f in fields(Verdict)})
    show_champion(facts.name, title, lines=comparison(verdict, rule, challenger, champion, facts.left_out or 0))
    return facts.verdict


def reasons_of(decision: ArtifactRef) -> Sequence[str]:
    """Why it was decided so, in words."""
    return open_store().require(decision).states(DecisionFacts).reasons


def _decision(
    name: str, champion: ArtifactRef | None, challenger: ArtifactRef, scores: Sequence[Scores], rule: PromotionRule
) -> DecisionFacts:
    stakes: dict[str, Any] = {
        "name": name,
        "champion": champion.address if champion else None,
        "challenger": challenger.address,
        "metric": f"{rule.protocol} {rule.metric}",
    }
    if champion is None:
        return DecisionFacts(**stakes, verdict="first", reasons=("nobody bore the name; the first run takes it",))
    theirs, ours = (read_tables(one.post_scores())[one.facts.heads[0]][rule.protocol] for one in scores)
    split = scores[0].run.store.require(ArtifactRef.parse(str(scores[0].facts.split))).states(SplitFacts)
    return DecisionFacts(**stakes, **asdict(judge(theirs, ours, rule)), left_out=split.dropped)


def _contestant(address: str) -> Contestant:
    store, ref = open_store(), ArtifactRef.parse(address)
    return Contestant(run_names(store).get(ref, address), store.require(ref).states(RunFacts).system)
