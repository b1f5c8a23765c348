"""Row 10: what does Prefect cost over the same functions called plainly, and how long is a run with nothing new?

Posts without images through ingest, enrichment, split, both reference lines, prediction and scores; once as tasks of
the flow `pipeline` on a private server, once by calling the functions of the same tasks. Wall seconds, because
waiting on a server is what is measured; the server's own start and end are left out of the ratio.

What checking costs: the plain re-run with nothing new, with every file hashed before its first read, against one that
compares sizes only. CPU seconds, the least of three in turn, each with nothing remembered of the one before.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from storage.objects import Objects
from storage.records import StoredFile

SYSTEMS = ("frequent", "tfidf")


def run(posts: int = 2_000) -> list[dict[str, Any]]:
    from flows.server.private import prefect_api
    from tasks.run.sources import allow

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
            os.environ["MMKP_HOME"] = f"{folder}/plain"
            hashed, sized = checking_costs(lambda: plainly(source))
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
        {"name": "flow: nothing new, hashed", "ours": hashed, "reference": sized, "ratio": hashed / sized,
         "target": "-", **common},
    ]  # fmt: skip


def checking_costs(again: Callable[[], None]) -> tuple[float, float]:
    """CPU seconds of a re-run with every file hashed, and with sizes compared only."""
    from storage import intact, reading

    def same_size(objects: Objects, path: str, file: StoredFile) -> bool:
        return objects.size(path) == file.size

    found: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(3):
        for hashing in found:
            with (
                mock.patch.object(intact, "_RIGHT", {}),
                mock.patch.object(reading, "is_intact", intact.is_intact if hashing else same_size),
            ):
                begun = time.process_time()
                again()
                found[hashing].append(time.process_time() - begun)
    return min(found[True]), min(found[False])


def write_posts(path: Path, posts: int) -> None:
    from mmkp_core.data.demo import write_demo
    from mmkp_core.data.demo.spec import DemoSpec

    written = write_demo(DemoSpec(posts=posts, images=False), path.parent / "made")
    written.posts.rename(path)


def as_flow(source: Path) -> None:
    from flows.command.running import run_here

    settings = {"split": {"kind": "random"}}
    run_here(
        "pipeline", {"source": {"path": str(source)}, "name": "made", "systems": list(SYSTEMS), "settings": settings}
    )


def plainly(source: Path) -> None:
    """The same work without Prefect: each task's own function."""
    from mmkp_core.data.formats import IngestSettings
    from mmkp_core.evaluation.spec import EvaluateSpec
    from mmkp_core.overlap.spec import SplitSpec
    from mmkp_core.systems import find_system
    from mmkp_core.vision.spec import EnrichSpec
    from tasks.enrich import select
    from tasks.evaluate import evaluate_predictions
    from tasks.ingest import ingest_posts, join_dataset
    from tasks.predict import predict_posts
    from tasks.report import make_report
    from tasks.run.sources import Source
    from tasks.split import split_posts
    from tasks.train import train_system

    reading = EnrichSpec()
    dataset = join_dataset.fn(None, ingest_posts.fn(Source(path=str(source)), IngestSettings(), None))
    signatures, words = (select.fn(dataset, kind, reading.part(kind)) for kind in ("signatures", "ocr"))
    parts = split_posts.fn(dataset, signatures, SplitSpec(kind="random"))
    scores = []
    for system in SYSTEMS:
        read = [words] if system == "tfidf" else []
        model = train_system.fn(system, find_system(system).spec, parts, read, None, 0)
        scores.append(evaluate_predictions.fn(predict_posts.fn(model, parts, read, "test"), EvaluateSpec()))
    make_report.fn("made", parts, scores)


def seconds(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    for row in run():
        print(row)
