"""Phrases for posts, by a trained run."""

from prefect import flow

from flows.settings import PredictSettings
from flows.stages import TASK_RUNNER, ingest_stage, read_alike
from mmkp_core.data.formats import IngestSettings
from mmkp_core.data.inputs import Inputs
from storage.run import Run
from tasks.names import resolve
from tasks.predict import predict_posts
from tasks.run.sources import Source
from tasks.run.store import open_store


@flow(task_runner=TASK_RUNNER)
def predict(
    run: str,
    data: str = "",
    source: Source = Source(),
    inputs: Inputs = "both",
    settings: PredictSettings = PredictSettings(),
    rebuild: bool = False,
) -> str:
    """Phrases for posts, with or without keyphrases, by a trained run; they stand in the view `predictions`.

    Args:
        run: Name of the run, or `champion`.
        data: Name of a data set in the store; leave empty to give a file instead.
        source: A file of posts, where no name is given.
        inputs: What of a post the run is given: both, its text, its image, or its text with another post's image.
        settings: What prediction may spend.
        rebuild: Predict again although it is there.
    """
    model = resolve("champion", "default") if run == "champion" else resolve("run", run)
    dataset = resolve("dataset", data) if data else ingest_stage(source, IngestSettings())
    enrichments = read_alike(dataset, Run(open_store(), model), settings.limits)
    return str(predict_posts(model, dataset, enrichments, inputs=inputs, name=run, rebuild=rebuild))
