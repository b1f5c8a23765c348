"""The change of a champion by hand, and the page in the UI that says who bears its name since when and why."""

import re
from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact

from mmkp_core.identity import ArtifactRef
from storage.champion import Action, before, history, successor
from storage.names import NameVersion
from storage.run import run_names
from tasks.run.away import patient
from tasks.run.store import flow_run_id, open_store
from tasks.run.stored import stored_task

SHOWN = 20


@stored_task(task_run_name="{action} {name}")
def move_champion(action: Action, name: str, run: str, reason: str) -> ArtifactRef:
    """Give a champion's name to `run`, or back to who bore it before; the run that bears it now."""
    store = open_store()
    target, why = successor(store, action, name, run, reason)
    store.point(f"champion/{name}", target, why)
    return target


@stored_task(task_run_name="explain")
def show_champion(name: str, title: str, *, description: str = "", lines: Sequence[str] = ()) -> None:
    """A page in the UI: what has just happened, and everybody who bore the name."""
    store = open_store()
    past, names = history(store, name), run_names(store)
    page = [f"# {title}", "", *lines]
    if past:
        page += ["", f"## Who bore the name `{name}`", "", "| | since (UTC) | run | why |", "|---|---|---|---|"]
        page += [
            f"| {'**now**' if version is past[-1] else version.number} | {version.at:%Y-%m-%d %H:%M} "
            f"| `{names.get(version.target, version.target)}` | {version.reason.replace('|', '/')} |"
            for version in reversed(past[-SHOWN:])
        ]
        page += ["", *how_to_change(name, past, names)]
    patient(create_markdown_artifact)("\n".join(page), key=key_of(name), description=description or title)


def how_to_change(name: str, past: Sequence[NameVersion], names: dict[ArtifactRef, str]) -> list[str]:
    option = "" if name == "default" else f" --name {name}"
    earlier = before(past)
    back = (
        [
            f"To go back to `{names.get(earlier.target, earlier.target)}`, run the deployment `champion` with the "
            f"action `rollback`, or `mmkp champion rollback{option}`."
        ]
        if earlier
        else []
    )
    return [*back, f"To choose a run yourself: the action `promote`, or `mmkp champion promote RUN{option}`."]


def key_of(name: str) -> str:
    """A key of its own for each run's page: under a shared one the UI leads from an old run to the newest page."""
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "other"
    return f"champion-{readable}-{flow_run_id()[-12:]}"
