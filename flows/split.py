"""Train, valid and test parts of a data set."""

from prefect import flow

from flows.stages import split_stage
from mmkp_core.overlap.spec import SplitSpec
from tasks.choices import Name
from tasks.names import resolve
from tasks.runs import enrichment_for


@flow
def split(dataset: Name, name: str = "", split: SplitSpec = SplitSpec(), rebuild: bool = False) -> str:
    """Parts of a data set that do not leak into each other.

    Args:
        dataset: Name of the data set; it has to be enriched, for its images' hashes.
        name: Of the split; the data set's name and the kind unless given.
        split: Kind, shares and what counts as too alike.
        rebuild: Divide again although it is there.
    """
    posts = resolve("dataset", dataset)
    return str(split_stage(posts, enrichment_for(posts), split, name or f"{dataset}-{split.kind}", rebuild))
