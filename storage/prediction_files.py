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
    """The post that each row of the source states, None where the row was quarantined."""
    if len(dataset.parts) > 1:
        count = len(dataset.parts)
        raise Mismatch(f"--output {path}: the posts come from {count} files; write .jsonl or .parquet, with ids")
    part, store = dataset.parts[0], dataset.store
    posts: dict[int, str | None] = dict.fromkeys(store.table(part, "quarantine", ["line"])["line"].to_pylist())
    for table in ("repeats", "posts"):  # a post whose image is in quarantine is a post
        stated = store.table(part, table, ["line", "post_id"])
        posts.update(zip(stated["line"].to_pylist(), stated["post_id"].to_pylist(), strict=True))
    if len(posts) != (read := part.states(PostsFacts).counts.read):
        raise Mismatch(f"--output {path}: {len(posts)} lines are known of the {read} rows that were read; write .jsonl")
    return [posts[line] for line in sorted(posts)]
