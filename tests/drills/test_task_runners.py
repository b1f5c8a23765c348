"""The same pipeline on Prefect's threads and on a Dask cluster of processes: equal addresses, equal bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmkp_core.data.demo import write_demo
from mmkp_core.data.demo.spec import DemoSpec
from storage.store import Store

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket]
KINDS = ("dataset", "enrichment", "split", "run", "predictions", "answers", "scores")


def pipeline(home: Path, posts: Path, runner: str) -> dict[str, list[str]]:
    """address -> SHA-256 of each file, of everything that the pipeline makes."""
    command = [
        sys.executable, "-m", "flows.command", "pipeline", str(posts / "posts.jsonl"), "--images",
        str(posts / "images"), "--name", "mine", "--systems", "frequent,copy-ocr", "--set",
        "systems.copy-ocr.training.epochs=1", "--set", "ocr.engine=rapid", "--set", "evaluation.resamples=50",
    ]  # fmt: skip
    environment = {**os.environ, "MMKP_HOME": str(home), "MMKP_TASK_RUNNER": runner}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    store = Store(home)
    return {
        record.ref.address: [file.sha256 for file in record.files] for kind in KINDS for record in store.records(kind)
    }


def test_threads_and_dask_make_the_same_artifacts(tmp_path: Path) -> None:
    pytest.importorskip("prefect_dask")
    posts = tmp_path / "posts"
    write_demo(DemoSpec(posts=60, seed=3), posts)
    on_threads = pipeline(tmp_path / "threads", posts, "threads")
    on_dask = pipeline(tmp_path / "dask", posts, "dask")
    assert set(on_dask) == set(on_threads)
    assert on_dask == on_threads
    assert {address.split("/")[0] for address in on_threads} == set(KINDS)
