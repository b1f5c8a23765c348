"""Train, valid and test parts of a data set."""

from prefect import flow

from flows.stages import split_stage
from mmkp_core.overlap.spec import SplitSpec
from tasks.choices import Name
from tasks.names import resolve


@flow
def split(dataset: Name, name: str = "", spec: SplitSpec = SplitSpec(), rebuild: bool = False) -> str:
    """Parts of a data set that do not leak into each other.

    Args:
        dataset: Name of the data set; it has to be enriched, for its images' hashes.
        name: Of the split; the data set's name unless given.
        spec: Kind, shares and what counts as too alike.
        rebuild: Divide again although it is there.
    """
    posts, enriched = resolve("dataset", dataset), resolve("enriched", dataset)
    return str(split_stage(posts, enriched, spec, name or dataset, rebuild))
