"""Commands about trained runs: the comparison of two, and the champion."""

import json as text
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from flows.command.running import run_flow, say
from mmkp_core.errors import WrongInput

Run = Annotated[str, Parameter(metavar="RUN")]


def compare(
    run: Run,
    other: Run,
    /,
    *,
    protocol: Literal["cmkp", "aimkp", "strict"] = "cmkp",
    confidence: float = 0.95,
    json: bool = False,
) -> None:
    """Whether one run is better than another.

    A paired bootstrap over the posts that both answered and neither was trained on.

    Args:
        run: Name of a run; several training seeds with commas between.
        other: The run or runs that it is compared with.
        protocol: By whose rules both are scored.
        confidence: Of the intervals, between 0 and 1.
        json: Print one JSON document.
    """
    from storage.comparison import compare_runs
    from tasks.run.store import open_store

    if not 0 < confidence < 1:
        raise WrongInput(f"--confidence {confidence}: give a share between 0 and 1, like 0.95")
    ours, theirs = ([name for name in side.split(",") if name] for side in (run, other))
    if not ours or not theirs:
        raise WrongInput("compare: name two runs, like `mmkp compare demo-sft demo-copy`")
    found = compare_runs(open_store(), ours, theirs, protocol, confidence)
    print(text.dumps(found) if json else comparison_table(found))


def comparison_table(found: Mapping[str, Any]) -> str:
    """Percent, a line for each slice and metric."""
    lines = [
        f"{', '.join(found['ours'])} against {', '.join(found['theirs'])}",
        f"{found['posts']:,} posts of {', '.join(found['names']) or found['dataset']} that neither was trained on,",
        f"protocol {found['protocol']}, percent",
        f"{'':<16}{'':<8}{'ours':>8}{'theirs':>8}{'difference':>12}  {'interval':<18}{'p':>8}{'posts':>8}",
    ]
    for row in found["rows"]:
        between = f"{100 * row['low']:+.2f} to {100 * row['high']:+.2f}"
        p_value = "< 0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}"
        lines.append(
            f"{row['slice']:<16}{row['metric']:<8}{100 * row['ours']:8.2f}{100 * row['theirs']:8.2f}"
            f"{100 * row['difference']:+12.2f}  {between:<18}{p_value:>8}{row['posts']:>8,}"
        )
    return "\n".join(lines)


def champion(
    action: Literal["list", "promote", "rollback"],
    run: Run = "",
    /,
    *,
    name: str = "default",
    reason: str = "",
) -> None:
    """Who is champion, since when and why; promote or roll back.

    Args:
        action: `list` prints the history, `promote` gives the name to a run, `rollback` back to the run before.
        run: For `promote`: name of the run.
        name: The champion's name.
        reason: Kept with the change.
    """
    if action != "list":
        from storage.champion import successor
        from tasks.run.store import open_store

        successor(open_store(), action, name, run, reason)  # what is refused is refused before a server starts
        say(run_flow("champion", {"action": action, "run": run, "name": name, "reason": reason}))
    _print_history(name)


def _print_history(name: str) -> None:
    from storage.champion import history
    from storage.run import run_names
    from tasks.run.store import open_store

    store = open_store()
    past, names = history(store, name), run_names(store)
    for version in past:
        run = names.get(version.target, version.target)
        print(f"{version.number:>3}  {version.at:%Y-%m-%d %H:%M}  {run}  {version.reason}")
    if not past:
        say(f"nobody bears the name champion/{name} yet; `mmkp retrain` or `mmkp champion promote` gives it")
