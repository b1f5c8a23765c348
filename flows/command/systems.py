"""Commands that list what can be chosen: systems, and the settings of a flow or a system."""

import json as text
import shutil
import textwrap
from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from flows.command.running import parameters_of
from flows.command.settings_table import Setting, settings_of
from flows.server.deployments import find_flow, flow_names
from mmkp_core.errors import UnknownName, WrongInput
from mmkp_core.systems import SYSTEMS, learner


def systems(*, json: bool = False) -> None:
    """Every system, with what it reads of a post and what else it needs.

    Args:
        json: Print one JSON document.
    """
    rows = []
    for row in SYSTEMS.values():
        declared = learner(row.family).declare(row.spec)
        rows.append(
            {
                "id": row.id, "title": row.title, "family": row.family, "kind": row.kind, "paper": row.paper,
                "own_words": declared.own_words, "reads": list(declared.reads), "needs": list(declared.needs),
                "heads": list(declared.heads),
            }
        )  # fmt: skip
    print(text.dumps(rows) if json else _table(rows))


def _table(rows: list[dict[str, Any]]) -> str:
    cells = [("system", "kind", "title", "reads", "needs")]
    for row in rows:
        read = ["own words"] * row["own_words"] + [_in_words(kind) for kind in row["reads"]]
        needed = [need for need in row["needs"] if need != "image"]  # what is read of it says so
        cells.append((row["id"], row["kind"], row["title"], ", ".join(read) or "-", ", ".join(needed)))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(line.rstrip() for line in lines)


def _in_words(kind: str) -> str:
    """A kind of enrichment as the papers speak of it."""
    if kind.startswith("features/"):
        return f"vectors ({kind.removeprefix('features/')})"
    return {"ocr": "image words", "pixels": "picture"}.get(kind, kind)


def settings(name: Annotated[str, Parameter(metavar="FLOW|SYSTEM")], /, *, json: bool = False) -> None:
    """Every setting of a flow or a system.

    By the dotted path that --set and --config take, with its default, bounds or choices, and meaning.

    Args:
        name: A flow, like `pipeline`, or a system, like `copy`.
        json: Print one JSON document.
    """
    rows = list(settings_of(spec_of(name)))
    if json:
        print(text.dumps([row.document() for row in rows]))
        return
    width = shutil.get_terminal_size((120, 24)).columns
    print("\n".join(_lines(row, width) for row in rows))
    if any(row.path == "systems" for row in rows):
        print("\nsystems.SYSTEM.PATH: a setting of one of the systems, as `mmkp settings SYSTEM` lists them.")


def spec_of(name: str) -> Any:
    """The settings of a flow as they are unless something is changed, or the spec of a system."""
    if name in SYSTEMS:
        return SYSTEMS[name].spec
    if name not in flow_names():
        raise UnknownName("flow or system", name, [*flow_names(), *SYSTEMS])
    parameter = parameters_of(find_flow(name)).get("settings")
    if parameter is None:
        raise WrongInput(f"{name} has no settings; `mmkp {name} --help` has its parameters")
    if isinstance(parameter.default, Mapping):
        raise WrongInput(f"the settings of {name} are those of its system: `mmkp settings SYSTEM`, like copy")
    return parameter.default


def _lines(row: Setting, width: int) -> str:
    allowed = (
        f"one of {', '.join(map(str, row.choices))}" if row.choices else ", ".join(filter(None, [row.kind, row.bounds]))
    )
    default = row.default if isinstance(row.default, str) and row.default else text.dumps(row.default)
    about = textwrap.wrap(row.about, width, initial_indent="    ", subsequent_indent="    ")
    return "\n".join([f"{row.path} = {default}  ({allowed})", *about])
