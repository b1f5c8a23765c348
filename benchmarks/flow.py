"""Row 10: what does Prefect cost over the same functions called plainly, and how long is a run with nothing new?

Posts without images through ingest, enrichment, split, both reference lines, prediction and scores; once as tasks of
the flow `pipeline` on a private server, once by calling the functions of the same tasks. Wall seconds, because
waiting on a server is what is measured; the server's own start and end are left out of the ratio.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

SYSTEMS = ("frequent", "tfidf")


def run(posts: int = 2_000) -> list[dict[str, Any]]:
    from flows.server.private import prefect_api
    from tasks.sources import allow

    before = {name: os.environ.get(name) for name in ("MMKP_HOME", "MMKP_SOURCES")}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "posts.jsonl"
        write_posts(source, posts)
        try:
            allow(Path(folder))
            os.environ["MMKP_HOME"] = f"{folder}/warm-up"
            plainly(source)
            os.environ["MMKP_HOME"] = f"{folder}/plain"
            plain = seconds(lambda: plainly(source))
            os.environ["MMKP_HOME"] = f"{folder}/flow"
            with prefect_api(Path(folder) / "flow", say=lambda message: None):
                first = seconds(lambda: as_flow(source))
                again = seconds(lambda: as_flow(source))
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
    common = {"size": posts, "unit": "s", "peak_mib": None}
    return [
        {"name": "flow: under Prefect", "ours": first, "reference": plain, "ratio": first / plain,
         "target": "<= 1.05 x at 50k", **common},
        {"name": "flow: nothing new", "ours": again, "reference": None, "ratio": None, "target": "<= 10 s", **common},
    ]  # fmt: skip


def write_posts(path: Path, posts: int) -> None:
    from mmkp_core.data.demo import write_demo
    from mmkp_core.data.demo.spec import DemoSpec

    written = write_demo(DemoSpec(posts=posts, images=False), path.parent / "made")
    written.posts.rename(path)


def as_flow(source: Path) -> None:
    from flows.command.running import run_here as run_flow

    run_flow(
        "pipeline",
        {"source": {"path": str(source)}, "name": "made", "systems": list(SYSTEMS), "split": {"kind": "random"}},
    )


def plainly(source: Path) -> None:
    """The same work without Prefect: each task's own function."""
    from mmkp_core.data.formats import IngestSpec
    from mmkp_core.evaluation.spec import EvaluateSpec
    from mmkp_core.overlap.spec import SplitSpec
    from tasks.enrich import select
    from tasks.evaluate import evaluate_predictions
    from tasks.ingest import ingest_posts, join_dataset
    from tasks.predict import predict_posts
    from tasks.reading import ImageReading
    from tasks.report import make_report
    from tasks.sources import Source
    from tasks.split import split_posts
    from tasks.train import train_system

    dataset = join_dataset.fn(None, ingest_posts.fn(Source(path=str(source)), IngestSpec(), None))
    enriched = select.fn(dataset, ImageReading())
    split = split_posts.fn(dataset, enriched, SplitSpec(kind="random"))
    scores = []
    for system in SYSTEMS:
        model = train_system.fn(system, split, enriched, {}, 0)
        said = predict_posts.fn(model, split, enriched, "test")
        scores.append(evaluate_predictions.fn(said, EvaluateSpec()))
    make_report.fn("made", split, enriched, scores)


def seconds(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    for row in run():
        print(row)
