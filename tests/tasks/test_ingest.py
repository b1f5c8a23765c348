"""From a file of posts to its artifact and back to a file of predictions: each row keeps its place."""

import json
from pathlib import Path
from typing import Any

from mmkp_core.data.batches import Counts
from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.post import Prediction
from mmkp_core.identity import ArtifactRef
from storage.draft import Draft
from storage.facts import DatasetFacts, PostsFacts
from storage.prediction_files import write_predictions
from storage.store import Store
from tasks.ingest import write_posts
from tests.fixtures.small_store import add_predictions, add_run, add_split


def ingest(store: Store, path: Path, **settings: Any) -> ArtifactRef:
    def part(draft: Draft) -> None:
        reading = IngestSpec(format="jsonl", **settings)
        write_posts(store, draft, SourceFiles(posts=(path,)), reading, [], lambda done: None)

    def join(draft: Draft) -> None:
        draft.facts = DatasetFacts(counts=Counts())

    made, _ = store.build("posts", {"path": path.name}, [], 1, part)
    return store.build("dataset", {}, [made.ref], 1, join)[0].ref


def test_predictions_keep_the_place_of_their_row_whatever_became_of_the_others(tmp_path: Path) -> None:
    store = Store(tmp_path / "home")
    a, b, c = ({"post_id": name, "text": f"post {name}", "keyphrases": [name]} for name in "abc")
    rows = [json.dumps(row) for row in (a, b, a, {**b, "text": "other"}, a, c, b)]
    (tmp_path / "posts.jsonl").write_text("\n".join([*rows[:5], '{"post_id": broken', "", *rows[5:]]) + "\n")
    dataset = ingest(store, tmp_path / "posts.jsonl", max_bad_share=1.0)
    counts = store.require(store.require(dataset).inputs[0]).states(PostsFacts).counts
    assert (counts.read, counts.accepted, counts.duplicates, counts.quarantined) == (8, 3, 3, 2)

    split = add_split(store, dataset, dict.fromkeys("abc", "train"))
    run = add_run(store, split, "mine")
    predictions = add_predictions(store, run, dataset, [Prediction(name, (f"phrase {name}",)) for name in "abc"])
    assert write_predictions(store, predictions, tmp_path / "said.txt") == 3
    assert (tmp_path / "said.txt").read_text().splitlines() == [
        "phrase a", "phrase b", "phrase a", "", "phrase a", "", "phrase c", "phrase b",
    ]  # fmt: skip
