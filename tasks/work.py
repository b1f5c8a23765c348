"""What runs in a child process: training a system, and predicting with one. No Prefect here."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from mmkp_core.data.post import Example, Prediction
from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from mmkp_core.learning import LearningData, Report
from mmkp_core.systems import learner
from storage.store import Store, TableWriter
from tasks.examples import (
    dataset_posts,
    examples,
    image_bytes,
    image_features,
    part_posts,
    require_phrases,
    with_rationales,
)
from tasks.plans import run_plan
from tasks.store import open_store

PREDICTIONS = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("head", pa.string(), nullable=False),
        pa.field("phrases", pa.list_(pa.string()), nullable=False),
        pa.field("scores", pa.list_(pa.float64()), nullable=False),
        # of systems that write their answer out
        pa.field("answer", pa.string()),
        pa.field("reasoning", pa.string()),
        pa.field("tokens", pa.int64()),
        pa.field("steps", pa.int64()),
        pa.field("seconds", pa.float64()),
    ]
)


def fit(
    *,
    system: str,
    settings: dict[str, Any],
    seed: int,
    split: str,
    enriched: str,
    taught: str,
    model: str,
    checkpoints: str,
    report: Report,
) -> dict[str, Any]:
    """Train into the folder `model`, going on from what `checkpoints` holds; curve and facts come back."""
    plan = run_plan(system, settings)
    store = open_store()
    split_ref, enriched_ref = ArtifactRef.parse(split), ArtifactRef.parse(enriched)
    train = part_posts(store, split_ref, "train")
    valid = part_posts(store, split_ref, "valid")
    require_phrases(train, "training")
    train = [post for post in train if post.keyphrases]
    valid = [post for post in valid if post.keyphrases]
    features = None
    if plan.family == "classic" and "image" in plan.needs:
        features = image_features(store, enriched_ref, _keys(train) | _keys(valid))
    given = examples(store, train, enriched_ref)
    data = LearningData(
        train=with_rationales(store, given, ArtifactRef.parse(taught)) if taught else given,
        valid=examples(store, valid, enriched_ref),
        features=features,
        images=image_bytes(store, train + valid),
    )
    learned = learner(plan.family).fit(plan.spec, data, seed, Path(model), Path(checkpoints), report)
    return {
        "curve": [[point.epoch, point.step, point.name, point.value] for point in learned.curve],
        "facts": {**learned.facts, "train_posts": len(train), "valid_posts": len(valid)},
    }


def predict(
    *, run: str, source: str, part: str, enriched: str, table: str, artifact: str, report: Report
) -> dict[str, Any]:
    """Predict on a part of a split, or on a whole data set, into the Parquet file `table`."""
    store = open_store()
    record = store.require(ArtifactRef.parse(run))
    source_ref = ArtifactRef.parse(source)
    posts = part_posts(store, source_ref, part) if source_ref.kind == "split" else dataset_posts(store, source_ref)
    if not posts:
        hint = "; `mmkp split` makes a split that has some" if part else ""
        raise WrongInput(f"there are no {f'{part} ' if part else ''}posts to predict on in {source}{hint}")
    enriched_ref = ArtifactRef.parse(enriched)
    found = examples(store, posts, enriched_ref)
    features = None
    if record.facts["family"] == "classic" and "image" in record.facts["needs"]:
        features = image_features(store, enriched_ref, _keys(posts))
    by_head = learner(record.facts["family"]).predict(
        _model_folder(store, record.ref), found, features, report, image_bytes(store, posts)
    )
    with TableWriter(Path(table), PREDICTIONS, artifact) as writer:
        for head, predictions in by_head.items():
            writer.write([_row(head, prediction) for prediction in predictions])
    return {"posts": len(posts), "heads": list(by_head), **_image_counts(found, features)}


def _row(head: str, prediction: Prediction) -> dict[str, Any]:
    said = prediction.written
    return {
        "post_id": prediction.post_id,
        "head": head,
        "phrases": list(prediction.phrases),
        "scores": [float(score) for score in prediction.scores],
        "answer": said.text if said else None,
        "reasoning": said.reasoning if said else None,
        "tokens": said.tokens if said else None,
        "steps": said.steps if said else None,
        "seconds": said.seconds if said else None,
    }


def _keys(posts: list[Any]) -> set[str]:
    return {post.image_key for post in posts if post.image_key}


def _model_folder(store: Store, run: ArtifactRef) -> Path:
    """The run's files, checked byte by byte: a flipped weight must not pass for a prediction."""
    record = store.require(run)
    store.require_intact(record)
    return store.local(record, "model")


def _image_counts(found: list[Example], features: Any) -> dict[str, int]:
    if features is None:
        return {}
    state = Counter(
        "without_image"
        if not example.post.image_key
        else "image_used"
        if example.post.image_key in features.rows
        else "image_zeroed"
        for example in found
    )
    return dict(state)
