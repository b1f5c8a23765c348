"""A system trained on a split, a data set or a file."""

from typing import Annotated, Any

from annotated_types import Ge, Lt
from prefect import flow

from flows.settings import Seed, SystemId, chosen_specs
from flows.stages import TASK_RUNNER, data_stage, enrich_for, rationales_of, train_stage
from tasks.run.sources import Source


@flow(task_runner=TASK_RUNNER)
def train(
    system: SystemId,
    data: str = "",
    source: Source = Source(),
    valid: Source = Source(),
    valid_share: Annotated[float, Ge(0), Lt(1)] = 0.1,
    seed: Seed = 0,
    name: str = "",
    settings: dict[str, Any] = {},
    rebuild: bool = False,
) -> str:
    """Train a system on a split, a data set or a file.

    Args:
        system: What to train.
        data: Name of a split or a data set in the store; leave empty to give a file instead.
        source: A file of posts, where no name is given.
        valid: A file of posts to validate on; without it, a share of the data is held back.
        valid_share: The share that is held back for validation.
        seed: Training seed.
        name: Of the run; the data's name and the system unless given.
        settings: Changes to the system's own settings, by dotted name, like {"training.epochs": 3}.
        rebuild: Train again although the run is there.
    """
    parts, data_name = data_stage(data, source, valid, valid_share)
    specs = chosen_specs([system], {system: settings})
    enrichments = enrich_for(specs, parts, data_name)
    run_name = {system: name or f"{data_name}-{system}"}
    runs = train_stage(specs, parts, enrichments, rationales_of(specs, parts), seed, run_name, rebuild)
    return next(iter(runs))
