"""The champion by hand: give its name to a run, or take it back to the run before."""

from typing import Any

from prefect import flow
from prefect.states import Completed

from flows.settings import Name
from storage.champion import Action, history
from storage.run import run_names
from tasks.champion import move_champion, show_champion
from tasks.run.store import open_store


@flow
def champion(action: Action = "rollback", run: str = "", name: Name = "default", reason: str = "") -> Any:
    """Give a champion's name back to the run before, or to a run of your choice.

    Args:
        action: `rollback` gives the name back to the run that bore it before, `promote` gives it to a run of your
            choice. Nothing is trained or deleted by either.
        run: For `promote`: name of the run.
        name: The champion's name.
        reason: Kept with the change.
    """
    store = open_store()
    with store.lock(f"champion/{name}"):
        past = history(store, name)
        now = move_champion(action, name, run, reason)
    names = run_names(store)
    new = names.get(now, now.address)
    if past and past[-1].target == now:
        message = f"{new} bears the name {name} already; nothing was changed"
        show_champion(name, f"Nothing changed: `{new}` is the champion `{name}` already")
        return Completed(name="Cached", message=message, data=message)
    old = names.get(past[-1].target, past[-1].target.address) if past else ""
    word, state = ("Rolled back", "RolledBack") if action == "rollback" else ("Promoted", "Promoted")
    show_champion(name, f"{word}: `{new}` is now the champion `{name}`", lines=lines_about(action, name, new, old))
    message = f"{word.lower()}: {new} is now the champion {name}" + (f", before it was {old}" if old else "")
    return Completed(name=state, message=message, data=message)


def lines_about(action: Action, name: str, new: str, old: str) -> list[str]:
    lines = [f"- before: `{old}`"] if old else []
    used = "; `predict` with the run `champion` uses it from now on" if name == "default" else ""
    lines += [f"- now: `{new}`{used}", f"- why: {history(open_store(), name)[-1].reason}"]
    if action == "rollback":
        lines.append(
            f"- `retrain` does not give the name to `{old}` again by itself, but to a later run that is better"
        )
    return lines
