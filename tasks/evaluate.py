"""Scores of predictions, by every protocol asked for, with one row per hit and miss."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from prefect.artifacts import create_table_artifact

from mmkp_core.data.post import Post, Prediction
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from storage.store import Draft, Store
from tasks.examples import dataset_posts, examples, part_posts, require_phrases
from tasks.run.store import build_once, open_store
from tasks.run.stored import stored_task

VERSION = 2
KINDS = "kinds"
"""A column that a source may have beside its keyphrases: the kind of each, to be scored apart."""

SCORES = pa.schema(
    [
        pa.field("head", pa.string(), nullable=False),
        pa.field("protocol", pa.string(), nullable=False),
        pa.field("slice", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("posts", pa.int64(), nullable=False),
    ]
)
HITS = pa.schema(
    [
        pa.field("head", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("protocol", pa.string(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("phrase", pa.string(), nullable=False),
        pa.field("correct", pa.bool_(), nullable=False),
        pa.field("present", pa.bool_(), nullable=False),
        pa.field("seen", pa.bool_()),
    ]
)


@stored_task(task_run_name="evaluate {name}")
def evaluate_predictions(
    predictions: ArtifactRef, spec: EvaluateSpec, name: str = "", rebuild: bool = False
) -> ArtifactRef:
    """Scores of what a run said of posts that have keyphrases."""
    from mmkp_core.evaluation.scorecard import evaluate

    store = open_store()
    facts = store.require(predictions).facts

    def build(draft: Draft) -> None:
        gold, train = gold_and_train(store, predictions)
        words = {e.post.post_id: e.image_words for e in examples(store, gold, ArtifactRef.parse(facts["enriched"]))}
        with draft.table("scores", SCORES) as scores, draft.table("hits", HITS) as hits:
            for head, said in by_head(store, predictions).items():
                card = evaluate(
                    gold,
                    said,
                    spec,
                    train_keyphrases=[post.keyphrases for post in train] if train else None,
                    image_words=words,
                    kinds=phrase_kinds(gold),
                    leaked=leaked_posts(store, predictions),
                )
                rows = [
                    {"head": head, **{field: getattr(row, field) for field in SCORES.names if field != "head"}}
                    for row in card.scores
                ]
                scores.write(rows)
                found = card.hits.columns()
                size = len(found["post_id"])
                judged = {"head": [head] * size, "protocol": ["cmkp"] * size, **found, "correct": found["right"]}
                hits.write(pa.table(judged).select(HITS.names).cast(HITS))
        draft.facts.update({key: facts[key] for key in ("run", "system", "split", "part", "dataset")})
        draft.facts["predictions"] = predictions.address
        draft.facts["posts"] = len(gold)

    ref = build_once("scores", spec, [predictions], build, version=VERSION, rebuild=rebuild)
    return ref


@stored_task()
def show_scores(scores: Sequence[ArtifactRef], key: str) -> None:
    """The leaderboard as a table in the UI."""
    store = open_store()
    rows = []
    for ref in scores:
        record = store.require(ref)
        by_system: dict[tuple[str, str], dict[str, str]] = {}
        for row in store.table(record, "scores").to_pylist():
            if row["slice"] == "all" and row["metric"] in ("f1@1", "f1@3", "map@5"):
                line = by_system.setdefault((row["head"], row["protocol"]), {})
                line[row["metric"]] = f"{100 * row['value']:.2f}"
        for (head, protocol), figures in by_system.items():
            rows.append({"system": record.facts["system"], "head": head, "protocol": protocol, **figures})
    create_table_artifact(table=rows, key=key, description="Scores over all test posts, percent")


def gold_and_train(store: Store, predictions: ArtifactRef) -> tuple[list[Post], list[Post]]:
    """The posts that were predicted on, and those that the split trained on; the latter none without a split."""
    facts = store.require(predictions).facts
    if facts["split"]:
        split = ArtifactRef.parse(facts["split"])
        gold, train = part_posts(store, split, facts["part"]), part_posts(store, split, "train")
    else:
        gold, train = dataset_posts(store, ArtifactRef.parse(facts["dataset"])), []
    require_phrases(gold, "evaluated")
    return gold, train


def leaked_posts(store: Store, predictions: ArtifactRef) -> set[str] | None:
    """Ids of the posts of which a copy or near-copy stands on the training side; None where the split tells of none."""
    facts = store.require(predictions).facts
    split = store.require(ArtifactRef.parse(facts["split"])) if facts["split"] else None
    if split is None or not split.file("overlaps.parquet"):
        return None
    rows = store.table(split, "overlaps", ["right_id", "left_part", "right_part", "measure"]).to_pylist()
    return {
        row["right_id"]
        for row in rows
        if row["measure"].startswith("near_")
        and row["left_part"] in ("train", "valid")
        and row["right_part"] == facts["part"]
    }


def by_head(store: Store, predictions: ArtifactRef) -> dict[str, list[Prediction]]:
    found: dict[str, list[Prediction]] = {}
    for row in store.table(store.require(predictions), "predictions").to_pylist():
        said = Prediction(row["post_id"], tuple(row["phrases"]), tuple(row["scores"]))
        found.setdefault(row["head"], []).append(said)
    return found


def phrase_kinds(posts: Sequence[Post]) -> Mapping[str, Mapping[str, str]] | None:
    """post id -> phrase -> kind, where the source told kinds."""
    told = {
        post.post_id: dict(zip(post.keyphrases, kinds, strict=True))
        for post in posts
        if len(kinds := post.extra.get(KINDS, ())) == len(post.keyphrases) and kinds
    }
    return told or None
