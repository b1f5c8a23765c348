"""Row 14: how much do the catalog's views, the command line and the import cost over the bare thing?

Catalog queries stand beside DuckDB on the bare Parquet files; `mmkp --help` and `import mmkp_core` beside
`python -c pass`. Wall seconds for processes, least of the repeats, in turn.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from mmkp_core.data.batches import Counts
from mmkp_core.tables.evaluation import SCORES
from mmkp_core.tables.posts import POSTS
from mmkp_core.tables.runs import PREDICTIONS
from mmkp_core.tables.splits import SPLITS
from mmkp_core.tables.table import Table
from storage import catalog
from storage.draft import Draft
from storage.facts import DatasetFacts, PartFacts, PostsFacts, PredictionsFacts, RunFacts, ScoresFacts, SplitFacts
from storage.records import Record
from storage.store import Store

QUERIES = {
    "count by split": (
        "select part, count(*) from splits group by part order by part",
        "select part, count(*) from read_parquet('{splits}') group by part order by part",
    ),
    "posts x predictions x scores": (
        "select part, count(*), sum(len(p.phrases)), max(c.value) from posts o join splits s using (post_id) "
        "join predictions p using (post_id) join scores c on c.run_artifact = p.run_artifact group by part order by 1",
        "select part, count(*), sum(len(p.phrases)), max(c.value) from read_parquet('{posts}') o "
        "join read_parquet('{splits}') s using (post_id) join read_parquet('{predictions}') p using (post_id) "
        "cross join read_parquet('{scores}') c group by part order by 1",
    ),
}


def run(posts: int = 100_000, repeats: int = 5) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        files = fill(store, posts)
        with catalog.connect(store) as views, duckdb.connect() as bare:
            rows = []
            for name, (ours, reference) in QUERIES.items():
                plain = reference.format(**files)
                assert views.sql(ours).fetchall() == bare.sql(plain).fetchall()
                rows.append(
                    row(name, posts, repeats, lambda q=ours: views.sql(q).fetchall(),
                        lambda q=plain: bare.sql(q).fetchall(), "<= 1.2 x", "s")
                )  # fmt: skip
    for name, code, target in (
        ("mmkp --help", ["-m", "flows.command", "--help"], "<= 0.3 s more"),
        ("import mmkp_core", ["-c", "import mmkp_core"], "<= 0.2 s more"),
    ):
        rows.append(row(name, 1, repeats, lambda c=code: python(c), lambda: python(["-c", "pass"]), target, "s"))
    return rows


def fill(store: Store, posts: int) -> dict[str, str]:
    """A store of one data set, one split and one run's predictions and scores."""
    random = np.random.default_rng(0)
    ids = [str(n) for n in range(posts)]
    parts = np.array(["train", "valid", "test"])[random.choice(3, posts, p=[0.8, 0.1, 0.1])]
    texts = [f"post number {n} of {n % 97} about {n % 1013}" for n in range(posts)]
    counts = Counts(read=posts, accepted=posts)

    columns = {"post_id": ids, "text": texts, "source": ["made"] * posts, "line": range(1, posts + 1),
               "keyphrases": [["a", "b"]] * posts}  # fmt: skip
    part = made(store, "posts", PostsFacts(counts=counts), [], POSTS, columns)
    dataset = made(store, "dataset", DatasetFacts(counts=counts), [part])
    store.point("dataset/made", dataset.ref, "for measuring")
    facts = SplitFacts(kind="random", dataset=dataset.ref.address)
    split = made(store, "split", facts, [dataset], SPLITS, {"post_id": ids, "part": parts})
    store.point("split/made", split.ref, "for measuring")
    model = made(store, "run", RunFacts(
        system="made", family="reference", heads=("phrases",), seed=0, split=split.ref.address,
        dataset=dataset.ref.address, train_posts=posts, valid_posts=0, epochs=1, parameters=0, device="cpu",
    ), [split])  # fmt: skip
    columns = {"post_id": ids, "head": ["phrases"] * posts, "phrases": [["a", "b", "c", "d", "e"]] * posts,
               "scores": [[0.5, 0.2, 0.1, 0.1, 0.1]] * posts}  # fmt: skip
    answers = made(store, "answers", PartFacts(), [model], PREDICTIONS, columns, group="made")
    of = {"run": model.ref.address, "system": "made", "dataset": dataset.ref.address, "split": split.ref.address,
          "part": "test", "inputs": "both", "heads": ("phrases",), "posts": posts}  # fmt: skip
    predictions = made(store, "predictions", PredictionsFacts(**of, without_image=0), [model, answers])
    figures = {"head": ["phrases"], "protocol": ["cmkp"], "slice": ["all"], "metric": ["f1@1"], "value": [0.5],
               "posts": [posts]}  # fmt: skip
    scored = ScoresFacts(**of, predictions=predictions.ref.address, confidence=0.95)
    scores = made(store, "scores", scored, [predictions], SCORES, figures)
    named = {"posts": part, "splits": split, "predictions": answers, "scores": scores}
    return {name: store.objects.address(record.path(f"{name}.parquet")) for name, record in named.items()}


def made(
    store: Store, kind: str, facts: Any, inputs: list[Record], table: Table | None = None,
    columns: Mapping[str, Any] | None = None, group: str = "",
) -> Record:  # fmt: skip
    """An artifact of one table; columns that are not given are null."""

    def build(draft: Draft) -> None:
        draft.facts = facts
        if table and columns:
            rows = len(next(iter(columns.values())))
            arrays = [
                pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(rows, field.type)
                for field in table.schema
            ]
            draft.write_table(table, pa.table(arrays, schema=table.schema))

    return store.build(kind, {"made": facts}, [record.ref for record in inputs], 1, build, group=group)[0]


def row(
    name: str, size: int, repeats: int, ours: Callable[[], Any], reference: Callable[[], Any], target: str, unit: str
) -> dict[str, Any]:
    ours(), reference()
    seconds: dict[str, list[float]] = {"ours": [], "reference": []}
    for _ in range(repeats):
        for key, work in (("ours", ours), ("reference", reference)):
            begun = time.perf_counter()
            work()
            seconds[key].append(time.perf_counter() - begun)
    least = {key: min(values) for key, values in seconds.items()}
    return {
        "name": f"query: {name}", "size": size, **least, "ratio": least["ours"] / least["reference"],
        "target": target, "unit": unit, "peak_mib": None,
    }  # fmt: skip


def python(arguments: list[str]) -> None:
    root = Path(__file__).resolve().parent.parent
    subprocess.run([sys.executable, *arguments], cwd=root, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    for line in run():
        print(line)
