"""Tasks take and give nothing that cannot go to another machine: every argument of a small pipeline is pickled."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.demo import write_demo
from mmkp_core.data.demo.spec import DemoSpec
from tasks.run.stored import StoredTask

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]


def test_a_pipeline_runs_on_arguments_that_were_pickled(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.command.running import run_here

    names = set()

    def through_pickle(method: Any) -> Any:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            names.add(self.fn.__name__)
            args, kwargs = pickle.loads(pickle.dumps((args, kwargs)))
            return method(self, *args, **kwargs)

        return call

    monkeypatch.setattr(StoredTask, "__call__", through_pickle(StoredTask.__call__))
    monkeypatch.setattr(StoredTask, "submit", through_pickle(StoredTask.submit))
    write_demo(DemoSpec(posts=30, seed=3), tmp_path / "posts")
    source = {"path": str(tmp_path / "posts" / "posts.jsonl"), "images": str(tmp_path / "posts" / "images")}
    settings = {"ocr": {"engine": "rapid"}, "split": {"kind": "random"}, "evaluation": {"resamples": 0}}
    page = run_here("pipeline", {"source": source, "name": "mine", "systems": ["tfidf"], "settings": settings})
    assert Path(page).is_file()
    assert {"ingest_posts", "read_words", "extract", "split_posts", "train_system", "predict_posts"} <= names
    assert json.dumps(sorted(names))
