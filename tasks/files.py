"""Scoring, comparing and writing files that people hold, without a store's artifacts or a server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.post import Post, Prediction
from mmkp_core.data.tables import posts_of
from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.identity import ArtifactRef
from mmkp_core.overlap.spec import Unit
from tasks.examples import dataset_parts
from tasks.sources import guess_format
from tasks.store import open_store

ENDINGS = (".txt", ".jsonl", ".parquet")


def read_posts(path: Path, form: str) -> tuple[list[Post], int]:
    """The posts of a file, and how many rows it has. Every row must be usable: a score on a part is a wrong score."""
    from mmkp_core.data.sources import read_source

    if not path.is_file():
        raise WrongInput(f"{path}: there is no such file")
    reading = IngestSpec(format=guess_format(path) if form == "auto" else form)  # type: ignore[arg-type]
    posts: list[Post] = []
    rows = 0
    for batch in read_source(SourceFiles(posts=(path,)), reading):
        posts += posts_of(batch.posts)
        rows += batch.counts.read
        if batch.quarantine.num_rows:
            first = batch.quarantine.slice(0, 1).to_pylist()[0]
            raise WrongInput(f"{path}:{first['line']}: {first['reason']}: {first['detail']}; mend the file first")
    return posts, rows


def evaluate_files(
    gold_path: Path, predictions_path: Path, train_path: Path | None, form: str, protocol: str, resamples: int
) -> dict[str, Any]:
    """The JSON of `mmkp evaluate`."""
    from mmkp_core.evaluation.scorecard import evaluate
    from mmkp_core.evaluation.spec import EvaluateSpec

    gold, rows = read_posts(gold_path, form)
    train = [post.keyphrases for post in read_posts(train_path, form)[0]] if train_path else None
    spec = EvaluateSpec(protocol=protocol, resamples=resamples)  # type: ignore[arg-type]
    return evaluate(gold, _predictions(predictions_path, gold, rows), spec, train_keyphrases=train).document()


def _predictions(path: Path, gold: list[Post], rows: int) -> list[Prediction]:
    from mmkp_core.data.prediction_files import read_predictions
    from mmkp_core.evaluation.alignment import align_lines

    if not path.is_file():
        raise WrongInput(f"{path}: there is no such file")
    if path.suffix in (".jsonl", ".parquet"):
        return read_predictions(path, [post.post_id for post in gold])
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return list(align_lines(gold, lines, place=str(path), rows=rows))


def overlap_files(
    train_path: Path,
    test_path: Path,
    form: str,
    unit: Unit,
    threshold: float,
    images_train: Path | None,
    images_test: Path | None,
    distance: int,
) -> Mapping[str, Any]:
    """The JSON of `mmkp overlap`."""
    from mmkp_core.overlap.measures import measure_overlap

    if not 0 < threshold <= 1:
        raise WrongInput(f"--threshold {threshold}: a Jaccard similarity above 0 and up to 1, like 0.8")
    sides = [
        _with_images(read_posts(path, form)[0], images)
        for path, images in ((train_path, images_train), (test_path, images_test))
    ]
    (train, train_hashes), (test, test_hashes) = sides
    found = measure_overlap(
        train, test, unit=unit, threshold=threshold, image_distance=distance, hashes={**train_hashes, **test_hashes}
    )
    return found.document()


def _with_images(posts: list[Post], folder: Path | None) -> tuple[list[Post], dict[str, Any]]:
    """Posts whose images are hashed where `folder` holds their bytes."""
    if folder is None:
        return posts, {}
    import hashlib
    from dataclasses import replace

    from mmkp_core.data.images import image_path
    from mmkp_core.vision.signatures import image_signature
    from mmkp_core.vision.decoding import Undecodable, decode

    if not folder.is_dir():
        raise WrongInput(f"{folder}: there is no such folder of images")
    signatures: dict[str, Any] = {}
    known: list[Post] = []
    for post in posts:
        path = image_path(post.image_ref, folder) if post.image_ref else None
        if path is None:
            known.append(post)
            continue
        data = path.read_bytes()
        image = hashlib.sha256(data).hexdigest()
        picture = decode(data, bound=512)
        if not isinstance(picture, Undecodable):
            signatures[image] = image_signature(picture.rgb)
        known.append(replace(post, image=image))
    return known, signatures


def check_output(path: Path) -> None:
    """Told before any work is done: an ending that cannot be written, a folder that is not there."""
    if path.suffix not in ENDINGS:
        raise WrongInput(f"--output {path}: end it in {', '.join(ENDINGS)}")
    if not path.absolute().parent.is_dir():
        raise WrongInput(f"--output {path}: there is no folder {path.absolute().parent}")


def write_predictions(address: str, path: Path, head: str) -> int:
    """Write one head's phrases for the rows of the input, in their order; the number of posts."""
    from mmkp_core.data.prediction_files import write_predictions as write

    store = open_store()
    record = store.require(ArtifactRef.parse(address))
    heads: list[str] = record.facts["heads"]
    head = head or heads[0]
    if head not in heads:
        raise WrongInput(f"--head {head}: the run's answers are {', '.join(heads)}")
    said = [
        Prediction(row["post_id"], tuple(row["phrases"]), tuple(row["scores"]))
        for row in store.table(record, "predictions").to_pylist()
        if row["head"] == head
    ]
    parts = dataset_parts(store, ArtifactRef.parse(record.facts["dataset"]))
    if path.suffix != ".txt":
        write(path, said)
        return len(said)
    if len(parts) > 1:
        raise Mismatch(f"--output {path}: the posts come from {len(parts)} files; write .jsonl or .parquet, with ids")
    rows: list[str | None] = [None] * parts[0].facts["read"]
    places = store.table(parts, "posts", ["post_id", "line"])
    ordered = sorted(zip(places["line"].to_pylist(), places["post_id"].to_pylist(), strict=True))
    quarantined = store.table(parts, "quarantine", ["line", "stage"]).to_pylist()
    bad = {row["line"] for row in quarantined} - {line for line, _ in ordered}
    for place, (_, post_id) in enumerate(sorted([*ordered, *((line, None) for line in bad)], key=lambda row: row[0])):
        rows[place] = post_id
    write(path, said, rows)
    return len(said)
