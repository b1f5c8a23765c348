"""Who bears a champion's name, since when and why; the page in the UI that says so, and the change by hand."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from prefect.artifacts import create_markdown_artifact

from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from storage.names import NameVersion
from tasks.runs import run_names
from tasks.store import flow_run_id, open_store
from tasks.stored import stored_task

Action = Literal["promote", "rollback"]
SHOWN = 20


def history(name: str) -> list[NameVersion]:
    """Every state of a champion's name, oldest first."""
    return open_store().names.history(f"champion/{name}")


def before(past: Sequence[NameVersion]) -> NameVersion | None:
    """Who bore the name before the one that bears it now first did: so a second rollback goes further back."""
    first = next(n for n, version in enumerate(past) if version.target == past[-1].target) if past else 0
    return past[first - 1] if first else None


def bearer_of(name: str) -> str:
    """What people call the run that bears a champion's name now."""
    now = history(name)[-1].target
    return run_names().get(now, now.address)


def lost(name: str, run: ArtifactRef) -> NameVersion | None:
    """The change by which `run`, once the champion, lost the name; None if it never bore it or bears it now."""
    past = history(name)
    if past and past[-1].target == run:
        return None
    return next((after for version, after in reversed(list(pairwise(past))) if version.target == run), None)


@stored_task(task_run_name="{action} {name}")
def move_champion(action: Action, name: str, run: str, reason: str) -> ArtifactRef:
    """Give a champion's name to `run`, or back to who bore it before; the run that bears it now."""
    store, past = open_store(), history(name)
    if action == "promote":
        if not run:
            raise WrongInput("champion promote: name the run that takes the name, like `mmkp champion promote my-run`")
        target, said = store.resolve("run", run), reason or "promoted by hand"
    else:
        if run:
            raise WrongInput("champion rollback goes to the run before; to choose one, promote it")
        earlier = before(past)
        if earlier is None:
            raise WrongInput(f"champion {name!r} has no earlier run to go back to")
        now = past[-1].target
        target, said = (
            earlier.target,
            f"rolled back from {run_names().get(now, now)}" + (f": {reason}" if reason else ""),
        )
    store.point(f"champion/{name}", target, said)
    return target


@stored_task(task_run_name="explain")
def show_champion(name: str, title: str, *, description: str = "", lines: Sequence[str] = ()) -> None:
    """A page in the UI: what has just happened, and everybody who bore the name."""
    past, called = history(name), run_names()
    page = [f"# {title}", "", *lines]
    if past:
        page += ["", f"## Who bore the name `{name}`", "", "| | since (UTC) | run | why |", "|---|---|---|---|"]
        page += [
            f"| {'**now**' if version is past[-1] else version.number} | {version.at:%Y-%m-%d %H:%M} "
            f"| `{called.get(version.target, version.target)}` | {version.reason.replace('|', '/')} |"
            for version in reversed(past[-SHOWN:])
        ]
        page += ["", *how_to_change(name, past, called)]
    create_markdown_artifact("\n".join(page), key=key_of(name), description=description or title)


def how_to_change(name: str, past: Sequence[NameVersion], called: dict[ArtifactRef, str]) -> list[str]:
    option = "" if name == "default" else f" --name {name}"
    earlier = before(past)
    back = (
        [
            f"To go back to `{called.get(earlier.target, earlier.target)}`, run the deployment `champion` with the "
            f"action `rollback`, or `mmkp champion rollback{option}`."
        ]
        if earlier
        else []
    )
    return [*back, f"To choose a run yourself: the action `promote`, or `mmkp champion promote RUN{option}`."]


def key_of(name: str) -> str:
    """A key of its own for each run's page: under a shared one the UI leads from an old run to the newest page."""
    called = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "other"
    return f"champion-{called}-{flow_run_id()[-12:]}"
