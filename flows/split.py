"""Train, valid and test parts of a data set."""

from prefect import flow

from flows.settings import Name
from flows.stages import TASK_RUNNER, split_stage
from mmkp_core.overlap.spec import Kind, SplitSettings
from tasks.names import resolve


@flow(task_runner=TASK_RUNNER)
def split(
    dataset: Name,
    kind: Kind = "clean",
    name: str = "",
    settings: SplitSettings = SplitSettings(),
    rebuild: bool = False,
) -> str:
    """Train, valid and test parts that do not leak into each other.

    Args:
        dataset: Name of the data set.
        kind: What decides a post's part: clean keeps posts together with their duplicates and near-duplicates; purged
            keeps the test posts and does not train on their duplicates; unseen-labels is clean, and a share of the test
            phrases is never trained on; temporal tests on the newest posts; given takes the source's parts; random
            takes what falls, leaks and all.
        name: Of the split; the data set's name and the kind unless given.
        settings: Shares, and what counts as too similar.
        rebuild: Split again although it is there.
    """
    return str(split_stage(resolve("dataset", dataset), settings.of_kind(kind), name or f"{dataset}-{kind}", rebuild))
