"""Phrases for posts, by a trained run."""

from prefect import flow

from flows.stages import TASK_RUNNER, enrich_stage, ingest_stage
from mmkp_core.data.formats import IngestSpec
from mmkp_core.teacher.spec import TeacherLimits
from tasks.names import resolve
from tasks.predict import predict_posts
from tasks.reading import reading_of
from tasks.run.sources import Source


@flow(task_runner=TASK_RUNNER)
def predict(
    run: str,
    data: str = "",
    source: Source = Source(),
    reading: IngestSpec = IngestSpec(),
    limits: TeacherLimits = TeacherLimits(),
    rebuild: bool = False,
) -> str:
    """What a run says of posts, with or without keyphrases. The phrases stand in the view `predictions`.

    Args:
        run: Name of the run, or `champion`.
        data: Name of a data set in the store; leave empty to give a file instead.
        source: A file of posts, where no name is given.
        reading: How the file becomes posts.
        limits: Of the vision model, if the run learned from entities that one named.
        rebuild: Predict again although it is there.
    """
    model = resolve("champion", "default") if run == "champion" else resolve("run", run)
    dataset = resolve("dataset", data) if data else ingest_stage(source, reading)
    enriched = enrich_stage(dataset, reading_of(model), limits)
    return str(predict_posts(model, dataset, enriched, name=run, rebuild=rebuild))
