"""Posts from a file into the store."""

from prefect import flow

from flows.settings import Name
from flows.stages import ingest_stage
from mmkp_core.data.formats import IngestSettings
from tasks.run.sources import Source


@flow
def ingest(
    source: Source, name: Name, append: bool = False, settings: IngestSettings = IngestSettings(), rebuild: bool = False
) -> str:
    """Posts from a file into the store; bad rows go to quarantine with file, line and reason.

    Args:
        source: The file of posts and what belongs to it.
        name: Of the data set.
        append: Add to the data set that bears the name, as a new version of it.
        settings: How rows become posts.
        rebuild: Read the file again although it is there.
    """
    return str(ingest_stage(source, settings, name, append=append, rebuild=rebuild))
