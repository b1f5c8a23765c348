"""Writes a run's predictions into a file that a person named."""

from pathlib import Path

from mmkp_core.data.prediction_files import write_predictions as write
from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.identity import ArtifactRef
from storage.dataset import DataSet
from storage.facts import PostsFacts
from storage.run import Predictions
from storage.store import Store

ENDINGS = (".txt", ".jsonl", ".parquet")


def check_output(path: Path) -> None:
    """Refuses, before any work is done, an ending that cannot be written and a folder that is not there."""
    if path.suffix not in ENDINGS:
        raise WrongInput(f"--output {path}: end it in {', '.join(ENDINGS)}")
    if not path.absolute().parent.is_dir():
        raise WrongInput(f"--output {path}: there is no folder {path.absolute().parent}")


def write_predictions(store: Store, ref: ArtifactRef, path: Path, head: str = "") -> int:
    """One head's phrases for the rows of the input, in their order; the number of posts."""
    predictions = Predictions(store, ref)
    heads = predictions.facts.heads
    head = head or heads[0]
    if head not in heads:
        raise WrongInput(f"--head {head}: the run's answers are {', '.join(heads)}")
    found = predictions.by_head()[head]
    if path.suffix == ".txt":
        write(path, found, _rows(DataSet(store, ArtifactRef.parse(predictions.facts.dataset)), path))
    else:
        write(path, found)
    return len(found)


def _rows(dataset: DataSet, path: Path) -> list[str | None]:
    """The post of each row of the source, None where the row was quarantined."""
    if len(dataset.parts) > 1:
        count = len(dataset.parts)
        raise Mismatch(f"--output {path}: the posts come from {count} files; write .jsonl or .parquet, with ids")
    part, store = dataset.parts[0], dataset.store
    rows: list[str | None] = [None] * part.states(PostsFacts).counts.read
    places = store.table(part, "posts", ["post_id", "line"])
    ordered = sorted(zip(places["line"].to_pylist(), places["post_id"].to_pylist(), strict=True))
    bad = set(store.table(part, "quarantine", ["line"])["line"].to_pylist()) - {line for line, _ in ordered}
    for place, (_, post_id) in enumerate(sorted([*ordered, *((line, None) for line in bad)], key=lambda row: row[0])):
        rows[place] = post_id
    return rows
