"""Scores of predictions by every protocol asked for, with a row for each hit and miss and for each post."""

from collections.abc import Sequence

from prefect.artifacts import create_table_artifact

from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from mmkp_core.tables.evaluation import HITS, POST_SCORES, SCORES
from storage.draft import Draft
from storage.facts import ScoresFacts
from storage.run import Predictions, Scores
from storage.scoring import gold_of, words_for
from tasks.run.away import patient
from tasks.run.store import build_once, open_store
from tasks.run.stored import stored_task

VERSION = 3
SHOWN = ("f1@1", "f1@3", "map@5")


@stored_task(task_run_name="evaluate {name}")
def evaluate_predictions(
    predictions: ArtifactRef, spec: EvaluateSpec, name: str = "", rebuild: bool = False
) -> ArtifactRef:
    """Scores of a run's predictions for posts that have keyphrases."""
    given = Predictions(open_store(), predictions)
    words = words_for(given, spec)

    def build(draft: Draft) -> None:
        draft.facts = write_scores(draft, given, words, spec)

    return build_once("scores", spec, [predictions, *words], build, version=VERSION, rebuild=rebuild)


def write_scores(draft: Draft, given: Predictions, words: Sequence[ArtifactRef], spec: EvaluateSpec) -> ScoresFacts:
    """The tables of every head's scores, and what they state."""
    from mmkp_core.evaluation.rows import hit_rows, post_score_rows, score_rows
    from mmkp_core.evaluation.scorecard import evaluate

    gold = gold_of(given, words)
    by_head = given.by_head()
    with (
        draft.table(SCORES) as scores,
        draft.table(HITS) as hits,
        draft.table(POST_SCORES) as post_scores,
    ):
        for head, predictions in by_head.items():
            card = evaluate(
                gold.posts,
                predictions,
                spec,
                train_keyphrases=gold.train_keyphrases,
                image_words=gold.image_words,
                kinds=gold.kinds,
                leaked=gold.leaked,
            )
            scores.write(score_rows(head, card))
            hits.write(hit_rows(head, card))
            for block in post_score_rows(head, card):
                post_scores.write(block)
    facts = given.facts
    return ScoresFacts(
        run=facts.run,
        system=facts.system,
        dataset=facts.dataset,
        split=facts.split,
        part=facts.part,
        inputs=facts.inputs,
        predictions=given.ref.address,
        heads=tuple(by_head),
        posts=len(gold.posts),
        confidence=spec.confidence,
    )


@stored_task()
def show_scores(scores: Sequence[ArtifactRef], key: str) -> None:
    """The leaderboard as a table in the UI."""
    store = open_store()
    rows = []
    for stored in (Scores(store, ref) for ref in scores):
        lines: dict[tuple[str, str], dict[str, str]] = {}
        for row in stored.table().to_pylist():
            if row["slice"] == "all" and row["metric"] in SHOWN:
                line = lines.setdefault((row["head"], row["protocol"]), {})
                line[row["metric"]] = f"{100 * row['value']:.2f}"
        rows += [
            {"system": stored.facts.system, "head": head, "protocol": protocol, **figures}
            for (head, protocol), figures in lines.items()
        ]
    patient(create_table_artifact)(table=rows, key=key, description="Scores over all test posts, percent")
