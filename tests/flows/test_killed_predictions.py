"""What is done in a child process: a prediction that is killed loses no more than the part it was at."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.post import Prediction
from mmkp_core.identity import ArtifactRef
from mmkp_core.learning import Progress
from storage import catalog
from storage.facts import PredictionsFacts
from storage.split import Split
from storage.store import Store
from tasks.run import work

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

SYSTEMS = ["tfidf", "copy", "zero-shot"]  # one of each family


class Killed(BaseException):
    pass


@pytest.fixture
def trained(home: Path, tmp_path: Path) -> Store:
    from flows.command.running import run_here

    words = ["chess", "tulips", "football", "bread", "opera"]
    rows = [
        {"post_id": f"{n}", "text": f"number {n * 7919} speaks of {words[n % 5]}", "keyphrases": [words[n % 5]]}
        for n in range(60)
    ]
    (tmp_path / "posts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings: dict[str, Any] = {"evaluation": {"resamples": 0}, "systems": {"copy": {"training.epochs": 1}}}
    source = {"path": str(tmp_path / "posts.jsonl")}
    run_here("pipeline", {"source": source, "name": "mine", "systems": SYSTEMS, "settings": settings})
    return Store(home)


@pytest.mark.fault(13)
def test_a_killed_prediction_goes_on_at_its_last_part(trained: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "PART", 3)
    as_row = work._row
    with catalog.connect(trained) as connection:
        runs = connection.sql("select system, run_artifact from runs").fetchall()
    assert sorted(system for system, _ in runs) == sorted(SYSTEMS)
    for system, run in runs:
        [whole] = [record for record in trained.records("predictions") if record.states(PredictionsFacts).run == run]
        job: dict[str, Any] = {
            "run": run, "source": whole.states(PredictionsFacts).split, "part": "test", "inputs": "both",
            "enrichments": [ref.address for ref in whole.inputs if ref.kind.startswith("enrichment")],
            "predictions": f"predictions/{system}", "rebuild": False,
        }  # fmt: skip
        last = Split(trained, ArtifactRef.parse(job["source"])).posts("test")[-1].post_id

        def killed_at_the_last_post(head: str, prediction: Prediction, last: str = last) -> dict[str, Any]:
            if prediction.post_id == last:
                raise Killed
            return as_row(head, prediction)

        monkeypatch.setattr(work, "_row", killed_at_the_last_post)
        with pytest.raises(Killed):
            work.predict(**job, report=silent)
        monkeypatch.setattr(work, "_row", as_row)
        before = parts(trained, system)
        found = work.predict(**job, report=silent)
        assert len(before) == len(found["parts"]) - 1 >= 1, system
        assert before < parts(trained, system)
        assert answers(trained, found["parts"]) == answers(
            trained, [ref.address for ref in whole.inputs[len(whole.inputs) - whole.rests_on :]]
        )


def silent(progress: Progress) -> None:
    pass


def parts(store: Store, system: str) -> set[tuple[str, datetime]]:
    return {(record.ref.address, record.made_at) for record in store.records("answers", system)}


def answers(store: Store, addresses: Sequence[str]) -> list[tuple[Any, ...]]:
    records = [store.require(ArtifactRef.parse(address)) for address in addresses]
    rows = store.table(records, "predictions", ["post_id", "head", "phrases"]).to_pylist()
    return sorted((row["post_id"], row["head"], row["phrases"]) for row in rows)
