"""Champions: who bears a champion's name, and who bore it before."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from storage.names import NameVersion
from storage.run import run_names
from storage.store import Store

Action = Literal["promote", "rollback"]


def history(store: Store, name: str) -> list[NameVersion]:
    """Every state of a champion's name, oldest first."""
    return store.names.history(f"champion/{name}")


def before(past: Sequence[NameVersion]) -> NameVersion | None:
    """Who bore the name before the one that bears it now first did: so a second rollback goes further back."""
    first = next(n for n, version in enumerate(past) if version.target == past[-1].target) if past else 0
    return past[first - 1] if first else None


def successor(store: Store, action: Action, name: str, run: str, reason: str) -> tuple[ArtifactRef, str]:
    """The run that takes the name by this action, and what is noted of it."""
    past = history(store, name)
    if action == "promote":
        if not run:
            raise WrongInput("champion promote: name the run that takes the name, like `mmkp champion promote my-run`")
        return store.resolve("run", run), reason or "promoted by hand"
    if run:
        raise WrongInput("champion rollback goes to the run before; to choose one, promote it")
    earlier = before(past)
    if earlier is None:
        raise WrongInput(f"champion {name!r} has no earlier run to go back to")
    now = past[-1].target
    noted = f"rolled back from {run_names(store).get(now, now)}" + (f": {reason}" if reason else "")
    return earlier.target, noted


def bearer_of(store: Store, name: str) -> str:
    """What people call the run that bears a champion's name now."""
    now = history(store, name)[-1].target
    return run_names(store).get(now, now.address)


def lost(store: Store, name: str, run: ArtifactRef) -> NameVersion | None:
    """The change by which `run`, once the champion, lost the name; None if it never bore it or bears it now."""
    past = history(store, name)
    if past and past[-1].target == run:
        return None
    return next((after for version, after in reversed(list(pairwise(past))) if version.target == run), None)
