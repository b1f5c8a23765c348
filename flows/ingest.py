"""Posts from a file into the store."""

from prefect import flow

from flows.stages import ingest_stage
from mmkp_core.data.formats import IngestSpec
from tasks.choices import Name
from tasks.run.sources import Source


@flow
def ingest(
    source: Source, name: Name, reading: IngestSpec = IngestSpec(), append: bool = False, rebuild: bool = False
) -> str:
    """Posts from a file into the store; bad rows go to quarantine with file, line and reason.

    Args:
        source: The file of posts and what belongs to it.
        name: Of the data set.
        reading: How the file becomes posts.
        append: Add to the data set that bears the name, as a new version of it.
        rebuild: Read the file again although it is there.
    """
    return str(ingest_stage(source, reading, name, append=append, rebuild=rebuild))
