"""Scores a file of predictions against a file of posts."""

from pathlib import Path
from typing import Any, Literal

from mmkp_core.data.files import read_posts
from mmkp_core.data.formats import Format
from mmkp_core.data.post import Post, Prediction
from mmkp_core.data.prediction_files import prediction_lines, read_predictions
from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.alignment import align_lines
from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.spec import load


def evaluate_files(
    gold_path: Path,
    predictions_path: Path,
    train_path: Path | None,
    layout: Format,
    protocol: Literal["cmkp", "aimkp", "strict", "all"],
    resamples: int,
) -> dict[str, Any]:
    """The JSON of `mmkp evaluate`."""
    gold, rows = read_posts(gold_path, layout)
    train = [post.keyphrases for post in read_posts(train_path, layout)[0]] if train_path else None
    spec = load(EvaluateSpec, {"protocol": protocol, "resamples": resamples})
    return evaluate(gold, _predictions(predictions_path, gold, rows), spec, train_keyphrases=train).document()


def _predictions(path: Path, gold: list[Post], rows: int) -> list[Prediction]:
    if not path.is_file():
        raise WrongInput(f"{path}: there is no such file")
    if path.suffix in (".jsonl", ".parquet"):
        return read_predictions(path, [post.post_id for post in gold])
    return list(align_lines(gold, list(prediction_lines(path)), place=str(path), rows=rows))
