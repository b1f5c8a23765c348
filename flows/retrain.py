"""Champion and challenger: train on data up to now, and promote only what is measurably better."""

from typing import Any

from prefect import flow
from prefect.states import Completed

from flows.stages import TASK_RUNNER, enrich_stage, grow_stage, results, train_stage
from mmkp_core.overlap.spec import SplitSpec
from tasks.choices import Name, PromotionRule, SystemId, TrainingChoice
from tasks.names import give_name, known, resolve
from tasks.plans import flat
from tasks.predict import predict_posts
from tasks.retrain import carry_out, decide
from tasks.runs import reading_of, standard_reading


@flow(task_runner=TASK_RUNNER)
def retrain(
    dataset: Name,
    system: SystemId = "tfidf",
    champion: Name = "default",
    split: SplitSpec = SplitSpec(),
    training: TrainingChoice = TrainingChoice(),
    settings: dict[str, Any] = {},
    rule: PromotionRule = PromotionRule(),
    seed: int = 0,
) -> Any:
    """Train a challenger on a data set as it is now; it takes the champion's name only if it is surely better.

    Args:
        dataset: Name of the data set, which grows by `ingest` with append.
        system: What to train.
        champion: The name at stake.
        split: How new posts are divided; old ones stay in their parts.
        training: Changes to the system's own training settings.
        settings: Changes to any of the system's settings, nested as they are.
        rule: When the challenger takes the name.
        seed: Of the training.
    """
    posts, old = resolve("dataset", dataset), known("champion", champion)
    enriched = enrich_stage(posts, *(reading_of(old) if old else standard_reading()), dataset, rebuild=False)
    divided = grow_stage(posts, enriched, old, split)
    name = f"{dataset}-{system}-{divided.fingerprint[:8]}"
    changes = flat(settings)
    runs = train_stage([system], divided, enriched, training, changes, seed, dataset, False, {system: name})
    challenger = runs[name]
    if challenger == old:
        said_so = f"no new posts in {dataset} since the champion was trained"
        return Completed(name="Cached", message=said_so, data=said_so)
    give_name("split", name, divided, "grown for re-training")
    both = [("champion", old), ("challenger", challenger)]
    said = results([predict_posts.submit(run, divided, enriched, part="test", name=who) for who, run in both if run])
    decision = decide(champion, old, challenger, said, rule)
    return f"{carry_out(decision)}: {name}"
