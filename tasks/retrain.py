"""Champion and challenger: a split that grows with its data set, and the decision between two runs."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from mmkp_core.errors import Mismatch
from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.significance import compare
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from mmkp_core.overlap.spec import SplitSpec
from storage.records import Record
from storage.store import Draft
from tasks.champion import show_champion
from tasks.choices import PromotionRule
from tasks.evaluate import by_head, gold_and_train
from tasks.examples import dataset_posts, image_signatures, plain, split_parts
from tasks.runs import dataset_of, run_names, split_of
from tasks.run.store import build_once, flow_run_id, open_store
from tasks.run.stored import stored_task

logger = logging.getLogger(__name__)

VERSION = 1  # of a grown split
DECISION_VERSION = 2


def check_grown(dataset: ArtifactRef, name: str, champion: ArtifactRef) -> None:
    """An error unless `dataset` is what the champion was trained on, grown: else its training posts go unseen here.

    Posts may have gone or changed, but not most of them.
    """
    store = open_store()
    before = dataset_of(split_of(champion))
    if set(store.require(before).inputs) <= set(store.require(dataset).inputs):
        return  # appended to
    now = {post.post_id: post.text for post in dataset_posts(store, dataset)}
    then = dataset_posts(store, before)
    same = sum(now.get(post.post_id) == post.text for post in then)
    if 2 * same < len(then):
        raise Mismatch(
            f"the champion {name!r} was trained on other posts: {same:,} of its {len(then):,} are in this data set; "
            "give each data set a champion of its own (champion, --champion NAME)"
        )
    if same < len(then):
        logger.warning("%s of %s posts of the champion's data set are gone or changed", len(then) - same, len(then))


@stored_task(task_run_name="grow the split")
def grow_split(
    dataset: ArtifactRef, enriched: ArtifactRef, before: ArtifactRef, spec: SplitSpec, rebuild: bool = False
) -> ArtifactRef:
    """The split `before`, grown by the posts that came since: each old post stays in its part.

    New posts are divided as `spec` says. Test posts, old or new, that are too like a training post of either are
    dropped, so that what is left has been seen by neither champion nor challenger.
    """
    store = open_store()

    def build(draft: Draft) -> None:
        from mmkp_core.overlap.rows import OVERLAPS, SPLITS
        from mmkp_core.overlap.splits import grow

        posts = dataset_posts(store, dataset)
        signatures = image_signatures(store, enriched, {post.image_key for post in posts if post.image_key})
        grown = grow(posts, split_parts(store, before), spec, signatures)
        draft.write_table("splits", grown.rows(), SPLITS)
        draft.write_table("overlaps", grown.overlap_rows(), OVERLAPS)
        draft.facts.update(grown.facts(), kind="grown", dataset=dataset.address, before=before.address)

    return build_once("split", spec, [dataset, enriched, before], build, version=VERSION, rebuild=rebuild)


@stored_task(task_run_name="decide")
def decide(
    name: str,
    champion: ArtifactRef | None,
    challenger: ArtifactRef,
    said: Sequence[ArtifactRef],
    rule: PromotionRule,
) -> ArtifactRef:
    """Whether the challenger takes the name: only if it is better with significance, or if there is no champion.

    `said` are the predictions of champion and challenger, in this order, on the same posts.
    """
    store = open_store()

    def build(draft: Draft) -> None:
        draft.facts.update(
            name=name,
            champion=champion.address if champion else None,
            challenger=challenger.address,
            metric=f"{rule.protocol} {rule.metric}",
        )
        if champion is None:
            draft.facts.update(verdict="first", reasons=["nobody bore the name; the first run takes it"])
            return
        gold, _ = gold_and_train(store, said[0])
        spec = EvaluateSpec(protocol=rule.protocol, resamples=0)
        theirs, ours = (
            evaluate(gold, next(iter(by_head(store, ref).values())), spec).tables[rule.protocol] for ref in said
        )
        found = compare([ours], [theirs], metric=rule.metric, confidence=rule.confidence)
        better = found.low > rule.least_gain
        champion_score, challenger_score = (t.slices["all"].value(rule.metric) for t in (theirs, ours))
        bound = f"the interval of the difference, {100 * found.low:+.2f} to {100 * found.high:+.2f}"
        least = f"{100 * rule.least_gain:+.2f}"
        draft.facts.update(
            verdict="promoted" if better else "kept",
            champion_score=champion_score,
            challenger_score=challenger_score,
            difference=found.difference,
            low=found.low,
            high=found.high,
            p_value=found.p_value,
            posts=found.posts,
            left_out=store.require(ArtifactRef.parse(store.require(said[0]).facts["split"])).facts.get("dropped", 0),
            reasons=[
                f"{rule.metric} in points: challenger {100 * challenger_score:.2f}, "
                f"champion {100 * champion_score:.2f} on {found.posts:,} posts that neither has seen",
                f"{bound}, lies above {least}"
                if better
                else f"{bound}, does not lie above {least}: the champion stays",
            ],
        )

    inputs = [ref for ref in (champion, challenger, *said) if ref]
    return build_once("decision", {"name": name, "rule": rule}, inputs, build, version=DECISION_VERSION)


def kept_before(decision: ArtifactRef) -> Record | None:
    """The decision, if an earlier run made it and kept the champion."""
    record = open_store().require(decision)
    mine = record.provenance.get("flow_run") == flow_run_id()
    return record if record.facts["verdict"] == "kept" and not mine else None


@stored_task(task_run_name="carry out")
def carry_out(decision: ArtifactRef) -> str:
    """Let the name follow the decision, and explain it in the UI; the verdict."""
    store = open_store()
    record = store.require(decision)
    facts = record.facts
    verdict: str = facts["verdict"]
    challenger = ArtifactRef.parse(facts["challenger"])
    if verdict in ("first", "promoted"):
        store.point(f"champion/{facts['name']}", challenger, "; ".join(facts["reasons"]))
    called = run_names()
    new = called.get(challenger, challenger.address)
    if verdict == "first":
        show_champion(
            facts["name"],
            f"First: `{new}` is the champion `{facts['name']}`",
            lines=["Nobody bore the name, so there was nothing to compare with."],
        )
        return verdict
    champion = ArtifactRef.parse(facts["champion"])
    old = called.get(champion, champion.address)
    title = (
        f"Promoted: `{new}` is now the champion `{facts['name']}`"
        if verdict == "promoted"
        else f"Kept: `{old}` stays the champion `{facts['name']}`"
    )
    show_champion(
        facts["name"],
        title,
        lines=comparison(facts, TypeAdapter(PromotionRule).validate_python(plain(record.spec["rule"])), new, old),
    )
    return verdict


def comparison(facts: Mapping[str, Any], rule: PromotionRule, new: str, old: str) -> list[str]:
    """Both scores, their difference with its interval and what the rule asks for, in points as in the report."""
    store = open_store()

    def row(role: str, run: str, address: str, score: float) -> str:
        system = store.require(ArtifactRef.parse(address)).facts["system"]
        return f"| {role} | `{run}` | {system} | {100 * score:.2f} |"

    bound, needed = f"{100 * facts['low']:+.2f}", f"{100 * rule.least_gain:+.2f}"
    interval = f"{100 * rule.confidence:g}% interval: {bound} to {100 * facts['high']:+.2f}"
    p_value = "p < 0.001" if facts["p_value"] < 0.001 else f"p = {facts['p_value']:.3f}"
    promoted = facts["verdict"] == "promoted"
    return [
        f"| | run | system | {rule.metric} in points ({rule.protocol}) |",
        "|---|---|---|---:|",
        row("challenger", new, facts["challenger"], facts["challenger_score"]),
        row("champion until now" if promoted else "champion", old, facts["champion"], facts["champion_score"]),
        f"| difference | | {interval}, {p_value} | **{100 * facts['difference']:+.2f}** |",
        "",
        f"Why: the lower end of the interval, {bound}, is {'' if promoted else 'not '}above {needed}, which is what "
        f"the rule asks of a challenger (`rule.least_gain`).",
        "",
        f"Both were scored on the same {facts['posts']:,} test posts, which neither was trained on. "
        f"Posts of the data set left out as near-copies across its parts: {facts['left_out']:,}.",
    ]


def reasons_of(decision: ArtifactRef) -> Sequence[str]:
    """Why it was decided so, in words."""
    reasons: Sequence[str] = open_store().require(decision).facts["reasons"]
    return reasons
