"""Words, attributes, features and entities of a data set's images."""

from prefect import flow

from flows.settings import EnrichSettings, Name
from flows.stages import TASK_RUNNER, enrich_stage, given_kinds
from tasks.names import resolve


@flow(task_runner=TASK_RUNNER)
def enrich(dataset: Name, settings: EnrichSettings = EnrichSettings(), rebuild: bool = False) -> list[str]:
    """Words, attributes and features of a data set's images; only what is new is read.

    Args:
        dataset: Name of the data set.
        settings: How images are read; each kind is kept apart, and other settings of one kind beside the former.
        rebuild: Read again although it is there.
    """
    posts = resolve("dataset", dataset)
    kinds = [*settings.kinds, *given_kinds(posts)]
    return [str(ref) for ref in enrich_stage(posts, kinds, settings, settings.limits, dataset, rebuild).values()]
