"""Champion and challenger: a split that grows with its data set, and the decision between two runs."""

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact

from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.significance import compare
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from mmkp_core.overlap.spec import SplitSpec
from storage.store import Draft
from tasks.choices import PromotionRule
from tasks.evaluate import by_head, gold_and_train
from tasks.examples import dataset_posts, image_signatures, split_parts
from tasks.store import build_once, open_store
from tasks.stored import stored_task

VERSION = 1


@stored_task()
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


@stored_task()
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
        bound = f"the interval of the difference, {found.low:+.4f} to {found.high:+.4f}"
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
                f"challenger {challenger_score:.4f}, champion {champion_score:.4f} on {found.posts:,} posts that "
                "neither has seen",
                f"{bound}, lies above {rule.least_gain:+.4f}"
                if better
                else f"{bound}, does not lie above {rule.least_gain:+.4f}: the champion stays",
            ],
        )

    inputs = [ref for ref in (champion, challenger, *said) if ref]
    return build_once("decision", {"name": name, "rule": rule}, inputs, build, version=VERSION)


@stored_task()
def carry_out(decision: ArtifactRef) -> str:
    """Let the name follow the decision, and explain it in the UI; the verdict."""
    store = open_store()
    facts = store.require(decision).facts
    verdict: str = facts["verdict"]
    challenger = ArtifactRef.parse(facts["challenger"])
    if verdict in ("first", "promoted"):
        store.point(f"champion/{facts['name']}", challenger, "; ".join(facts["reasons"]))
    lines = [f"# {verdict.capitalize()}: {facts['challenger']}", "", *(f"- {reason}" for reason in facts["reasons"])]
    if verdict != "first":
        lines += ["", f"p = {facts['p_value']:.4f}; {facts['left_out']:,} posts were left out as too alike."]
    create_markdown_artifact("\n".join(lines), key=f"decision-{decision.fingerprint}", description=verdict)
    return verdict
