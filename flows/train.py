"""A system trained on a split, a data set or a file."""

from typing import Annotated, Any

from annotated_types import Ge, Lt
from prefect import flow

from flows.stages import TASK_RUNNER, data_stage, train_stage
from mmkp_core.data.formats import IngestSpec
from tasks.choices import SystemId, TrainingChoice, own_settings
from tasks.runs import teaching_for
from tasks.run.sources import Source


@flow(task_runner=TASK_RUNNER)
def train(
    system: SystemId,
    data: str = "",
    source: Source = Source(),
    reading: IngestSpec = IngestSpec(),
    valid: Source = Source(),
    valid_share: Annotated[float, Ge(0), Lt(1)] = 0.1,
    training: TrainingChoice = TrainingChoice(),
    settings: dict[str, Any] = {},
    seed: int = 0,
    name: str = "",
    rebuild: bool = False,
) -> str:
    """Train a system. Its run is called after the data and the system, unless a name is given.

    Args:
        system: What to train.
        data: Name of a split or a data set in the store; leave empty to give a file instead.
        source: A file of posts, where no name is given.
        reading: How files become posts.
        valid: A file of posts to validate on; without it, a share of the data is held back.
        valid_share: The share that is held back for validation.
        training: Changes to the system's own training settings.
        settings: Changes to any of the system's settings, nested as they are, like {"decoding": {"beam": 5}}.
        seed: Of the training.
        name: Of the run.
        rebuild: Train again although the run is there.
    """
    divided, enriched, called = data_stage(data, source, reading, valid, valid_share)
    chosen = {system: own_settings(system, training, settings)}
    runs = train_stage(chosen, divided, enriched, teaching_for(divided), seed, called, rebuild, called=name)
    return next(iter(runs))
