"""What runs in a child process: training a system, and predicting with one. No Prefect here."""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mmkp_core.data.inputs import Inputs, select_inputs
from mmkp_core.data.post import Example, ImageFeatures, Post, Prediction
from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from mmkp_core.learning import LearningData, PredictionData, Progress, Report
from mmkp_core.spec import load
from mmkp_core.systems import find_system, learner
from mmkp_core.tables.runs import PREDICTIONS
from mmkp_core.teacher.spec import TeacherSpec
from mmkp_core.vision.features.table import FeatureSpec, make_extractor
from storage.dataset import DataSet, image_reader, require_keyphrases
from storage.draft import Draft
from storage.enrichment import EXTRACTED, Enrichment, examples
from storage.enrichment import KIND as ENRICHMENT
from storage.facts import PartFacts, RationalesFacts
from storage.rows import parts_of
from storage.run import Run
from storage.split import Split
from storage.store import Store
from tasks.run.store import open_store

ANSWERS_VERSION = 1
PART = 500
"""Posts whose predictions are published together; a killed prediction loses no more."""


def fit(
    *,
    system: str,
    spec: Any,
    seed: int,
    split: str,
    enrichments: Sequence[str],
    rationales: str,
    model: str,
    checkpoints: str,
    report: Report,
) -> dict[str, Any]:
    """Train into the folder `model`, going on from what `checkpoints` holds; what was learned, as JSON."""
    store, row = open_store(), find_system(system)
    posts = Split(store, ArtifactRef.parse(split))
    given = [ArtifactRef.parse(address) for address in enrichments]
    train, valid = posts.posts("train"), posts.posts("valid")
    require_keyphrases(train, "training")
    train, valid = ([post for post in part if post.keyphrases] for part in (train, valid))
    learning = examples(store, train, given)
    if rationales:
        learning = with_rationales(store, learning, ArtifactRef.parse(rationales))
    data = LearningData(
        train=learning,
        valid=examples(store, valid, given),
        features=features_of(store, given, train + valid),
        images=image_reader(store, train + valid),
    )
    known = load(type(row.spec), spec)
    learned = learner(row.family).fit(known, data, seed, Path(model), Path(checkpoints), report)
    return {**asdict(learned), "train_posts": len(train), "valid_posts": len(valid)}


def predict(
    *,
    run: str,
    source: str,
    part: str,
    enrichments: Sequence[str],
    inputs: Inputs,
    predictions: str,
    rebuild: bool,
    report: Report,
) -> dict[str, Any]:
    """Predict for a part of a split or a whole data set, and publish part by part; parts that are there are kept."""
    store = open_store()
    trained, target = Run(store, ArtifactRef.parse(run)), ArtifactRef.parse(predictions)
    given = [ArtifactRef.parse(address) for address in enrichments]
    posts = _posts(store, ArtifactRef.parse(source), part)
    whole = PredictionData(examples(store, posts, given), features_of(store, given, posts), image_reader(store, posts))
    data = select_inputs(whole, inputs)
    predictor = None
    parts = []
    for number, start in enumerate(range(0, len(posts), PART)):
        chunk = replace(data, examples=data.examples[start : start + PART])

        def build(draft: Draft, chunk: PredictionData = chunk, start: int = start) -> None:
            nonlocal predictor
            predictor = predictor or learner(trained.facts.family).load(trained.model())
            begun = time.monotonic()
            found = predictor.predict(chunk, lambda p: report(Progress(start + p.done, len(posts), p.note)))
            with draft.table(PREDICTIONS) as table:
                for head, rows in found.items():
                    table.write([_row(head, prediction) for prediction in rows])
            draft.facts = PartFacts(rows={"ok": len(chunk.examples)}, seconds=time.monotonic() - begun)

        spec = {"of": target.address, "part": number}
        record, _ = store.build("answers", spec, [], ANSWERS_VERSION, build, group=target.fingerprint, rebuild=rebuild)
        parts.append(record.ref.address)
        report(Progress(min(start + PART, len(posts)), len(posts)))
    return {"parts": parts, "posts": len(posts), "without_image": _without_image(data)}


def _posts(store: Store, source: ArtifactRef, part: str) -> list[Post]:
    posts = Split(store, source).posts(part) if source.kind == "split" else DataSet(store, source).posts()
    if not posts:
        hint = "; `mmkp split` makes a split that has some" if part else ""
        raise WrongInput(f"there are no {f'{part} ' if part else ''}posts to predict on in {source}{hint}")
    return posts


def features_of(store: Store, enrichments: Sequence[ArtifactRef], posts: Sequence[Post]) -> ImageFeatures | None:
    """The vectors of the posts' images, where one of the enrichments is of vectors."""
    for enrichment in (Enrichment(store, ref) for ref in enrichments):
        if enrichment.kind.startswith(EXTRACTED):
            extractor = make_extractor(load(FeatureSpec, enrichment.record.spec["settings"]))
            keys = {post.image_key for post in posts if post.image_key}
            return enrichment.features(keys, extractor.cells, extractor.numbers)
    return None


def with_rationales(store: Store, given: Sequence[Example], rationales: ArtifactRef) -> list[Example]:
    """Examples with the teacher's accepted rationales.

    A rationale belongs to the request that it answers, and a request holds the post as the teacher was shown it, which
    may be more than the student reads.
    """
    import pyarrow.compute as pc

    from mmkp_core.teacher.rationales import request_of

    record = store.require(rationales)
    spec = load(TeacherSpec, record.spec)
    accepted: dict[str, str] = {}
    for part in parts_of(store, "replies", record.states(RationalesFacts).engine):
        rows = store.table(part, "rationales", ["request_hash", "rationale"], where=pc.field("status") == "accepted")
        for request, rationale in zip(*(rows[name].to_pylist() for name in rows.schema.names), strict=True):
            accepted.setdefault(request, rationale)
    shown = examples(store, [example.post for example in given], [r for r in record.inputs if r.kind == ENRICHMENT])
    return [
        replace(example, rationale=accepted.get(request_of(asked, spec).hash))
        for example, asked in zip(given, shown, strict=True)
    ]


def _without_image(data: PredictionData) -> int:
    """Posts that a system of images gets a masked zero image for; 0 for systems that read no vectors."""
    if data.features is None:
        return 0
    return sum(example.post.image_key not in data.features.rows for example in data.examples)


def _row(head: str, prediction: Prediction) -> dict[str, Any]:
    written = prediction.written
    return {
        "post_id": prediction.post_id,
        "head": head,
        "phrases": list(prediction.phrases),
        "scores": [float(score) for score in prediction.scores],
        "answer": written.text if written else None,
        "reasoning": written.reasoning if written else None,
        "tokens": written.tokens if written else None,
        "steps": written.steps if written else None,
        "seconds": written.seconds if written else None,
    }
