"""Row 14: how much do the catalog's views, the command line and the import cost over the bare thing?

Catalog queries stand beside DuckDB on the bare Parquet files; `mmkp --help` and `import mmkp_core` beside
`python -c pass`. Wall seconds for processes, least of the repeats, in turn.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from mmkp_core.data.tables import POSTS
from mmkp_core.overlap.rows import SPLITS
from storage import catalog
from storage.store import Draft, Store
from tasks.evaluate import SCORES
from tasks.work import PREDICTIONS

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
    empty = {name: pa.nulls(posts, POSTS.field(name).type) for name in POSTS.names}
    texts = [f"post number {n} of {n % 97} about {n % 1013}" for n in range(posts)]
    columns = {
        **empty, "post_id": pa.array(ids), "text": pa.array(texts), "source": pa.array(["made"] * posts),
        "line": pa.array(range(1, posts + 1)), "keyphrases": pa.array([["a", "b"]] * posts),
    }  # fmt: skip
    parts = np.array(["train", "valid", "test"])[random.choice(3, posts, p=[0.8, 0.1, 0.1])]
    split_columns = {"post_id": ids, "part": parts, "reason": [None] * posts, "cluster": [None] * posts}
    said = {
        "post_id": ids, "head": ["phrases"] * posts,
        "phrases": [["a", "b", "c", "d", "e"]] * posts, "scores": [[0.5, 0.2, 0.1, 0.1, 0.1]] * posts,
    }  # fmt: skip

    filled = {name: said.get(name, pa.nulls(posts, PREDICTIONS.field(name).type)) for name in PREDICTIONS.names}

    def made(kind: str, table: str, rows: pa.Table, schema: pa.Schema, inputs: list[Any], **facts: Any) -> Any:
        def build(draft: Draft) -> None:
            draft.write_table(table, rows, schema)
            draft.facts.update(facts)

        return store.build(kind, {"made": posts}, inputs, 1, build)[0]

    part = made("posts", "posts", pa.table(columns, schema=POSTS), POSTS, [])
    dataset = store.build("dataset", {}, [part.ref], 1, lambda draft: None)[0]
    store.point("dataset/made", dataset.ref, "for measuring")
    split_rows = pa.table({name: pa.array(split_columns[name], SPLITS.field(name).type) for name in SPLITS.names})
    split = made("split", "splits", split_rows, SPLITS, [dataset.ref], dataset=dataset.ref.address)
    store.point("split/made", split.ref, "for measuring")
    of = {"dataset": dataset.ref.address, "split": split.ref.address, "system": "made"}
    model = store.build("run", {}, [split.ref], 1, lambda draft: draft.facts.update(of))[0]
    of["run"] = model.ref.address
    predictions = made(
        "predictions", "predictions", pa.table(filled, schema=PREDICTIONS), PREDICTIONS, [model.ref], **of
    )
    figures = [
        {"head": "phrases", "protocol": "cmkp", "slice": "all", "metric": "f1@1", "value": 0.5, "low": None,
         "high": None, "posts": posts}
    ]  # fmt: skip
    scores = made("scores", "scores", pa.Table.from_pylist(figures, schema=SCORES), SCORES, [predictions.ref], **of)
    named = {"posts": part, "splits": split, "predictions": predictions, "scores": scores}
    return {name: store.objects.address(record.path(f"{name}.parquet")) for name, record in named.items()}


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
