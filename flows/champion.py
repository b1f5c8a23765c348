"""The champion by hand: give its name to a run, or take it back to the run before."""

from typing import Any

from prefect import flow
from prefect.states import Completed

from tasks.champion import Action, history, move_champion, show_champion
from tasks.choices import Name
from tasks.runs import run_names


@flow
def champion(action: Action = "rollback", run: str = "", name: Name = "default", reason: str = "") -> Any:
    """Change who bears a champion's name, and keep the reason.

    Args:
        action: `rollback` gives the name back to the run that bore it before, `promote` gives it to a run of your
            choice. Nothing is trained or deleted by either.
        run: For `promote`: name of the run.
        name: The champion's name.
        reason: Kept with the change.
    """
    past = history(name)
    now = move_champion(action, name, run, reason)
    called = run_names()
    new = called.get(now, now.address)
    if past and past[-1].target == now:
        said = f"{new} bears the name {name} already; nothing was changed"
        show_champion(name, f"Nothing changed: `{new}` is the champion `{name}` already")
        return Completed(name="Cached", message=said, data=said)
    old = called.get(past[-1].target, past[-1].target.address) if past else ""
    word, state = ("Rolled back", "RolledBack") if action == "rollback" else ("Promoted", "Promoted")
    lines = [f"- before: `{old}`"] if old else []
    used = "; `predict` with the run `champion` uses it from now on" if name == "default" else ""
    lines += [f"- now: `{new}`{used}", f"- why: {history(name)[-1].reason}"]
    if action == "rollback":
        lines.append(
            f"- `retrain` does not give the name to `{old}` again by itself, but to a later run that is better"
        )
    show_champion(name, f"{word}: `{new}` is now the champion `{name}`", lines=lines)
    said = f"{word.lower()}: {new} is now the champion {name}" + (f", before it was {old}" if old else "")
    return Completed(name=state, message=said, data=said)
