"""Names for flows: what a person calls a thing, and what it points at."""

import logging

from prefect.events import emit_event

from mmkp_core.identity import ArtifactRef
from tasks.run.store import open_store

logger = logging.getLogger(__name__)


def resolve(kind: str, name: str) -> ArtifactRef:
    """What `name` means now; an error with the nearest right names otherwise."""
    return open_store().resolve(kind, name)


def known(kind: str, name: str) -> ArtifactRef | None:
    """What `name` means now, None if nothing bears it."""
    return open_store().names.get(f"{kind}/{name}")


def give_name(kind: str, name: str, ref: ArtifactRef, reason: str) -> ArtifactRef:
    """Let `name` mean `ref` from now on."""
    if known(kind, name) != ref:
        open_store().point(f"{kind}/{name}", ref, reason)
        logger.info("%s %s is now %s (%s)", kind, name, ref, reason)
    return ref


def publish(name: str, dataset: ArtifactRef, reason: str) -> ArtifactRef:
    """Let the data set `name` mean `dataset`, and tell whoever waits for new data.

    A schedule is the way that cannot be missed.
    """
    if known("dataset", name) != dataset:
        give_name("dataset", name, dataset, reason)
        emit_event(
            "mmkp.dataset.published",
            resource={"prefect.resource.id": f"mmkp.dataset.{name}"},
            payload={"name": name, "artifact": dataset.address},
        )
    return dataset


def free_name(wanted: str, dataset: ArtifactRef) -> str:
    """`wanted`, unless another data set bears it: what a file is called must not take a name from anybody."""
    return wanted if known("dataset", wanted) in (None, dataset) else f"{wanted}-{dataset.fingerprint[:8]}"
