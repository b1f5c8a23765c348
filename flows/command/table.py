"""The table of commands: where each stands, and its one line in the help.

Those of the flows follow from `prefect.yaml`; nothing is loaded before its command is called.
"""

import importlib
import shutil
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from flows.server.deployments import declared

ABOUT = "Posts of text and image to trained, honestly measured keyphrase predictors."
FLOWS, FILES, STORE, MACHINE = "Flows", "Files, without a store", "The store", "This machine"


@dataclass(frozen=True, slots=True)
class Command:
    """One command: made from the flow of its name unless it stands somewhere else."""

    name: str
    about: str
    group: str
    where: str = ""

    def load(self) -> Callable[..., None]:
        """The function whose signature and docstring are the command's."""
        if not self.where:
            from flows.command.from_flow import command_of

            return command_of(self.name)
        found: Callable[..., None] = getattr(importlib.import_module(f"flows.command.{self.where}"), self.name)
        return found


SPELT = {"train": "train", "predict": "predict"}
"""Commands of flows that differ from what follows from the flow's signature, and where they stand."""

OWN = (
    Command("evaluate", "Score a file of predictions.", FILES, "files"),
    Command("overlap", "What test posts share with training posts.", FILES, "files"),
    Command("compare", "Whether one run is better than another.", STORE, "runs"),
    Command("champion", "Who is champion, since when and why; promote or roll back.", STORE, "runs"),
    Command("query", "SQL over everything in the store.", STORE, "store"),
    Command("verify", "Check every record, stored byte and name.", STORE, "store"),
    Command("gc", "Remove what killed and replaced builds left behind.", STORE, "store"),
    Command("systems", "Every system, with what it reads of a post and what else it needs.", MACHINE, "systems"),
    Command("settings", "Every setting of a flow or a system.", MACHINE, "systems"),
    Command("serve", "Prefect server, its UI, all deployments and the reports.", MACHINE, "service"),
    Command("notify", "Call a webhook when a run fails or crashes.", MACHINE, "service"),
    Command("doctor", "What this machine can do, and what to do about the rest.", MACHINE, "machine"),
    Command("bench", "The speed table, each figure beside its reference.", MACHINE, "machine"),
    Command("tiny", "Train the tiny vision-language backbone anew.", MACHINE, "machine"),
)


def commands() -> dict[str, Command]:
    """Every command by name; one of our own counts more than the one that would be made from a flow."""
    flows = (Command(entry["name"], entry["description"], FLOWS, SPELT.get(entry["name"], "")) for entry in declared())
    own = {command.name: command for command in OWN}
    return {flow.name: flow for flow in flows if flow.name not in own} | own


def overview() -> str:
    """The help of `mmkp` itself: every command with its line, by group."""
    known = commands()
    width = min(shutil.get_terminal_size().columns, 120)
    lines = ["Usage: mmkp COMMAND ...", "", ABOUT, "`mmkp COMMAND --help` has a command's options."]
    for group in dict.fromkeys(command.group for command in known.values()):
        lines += ["", f"{group}:"]
        for command in known.values():
            if command.group == group:
                first = f"  {command.name:<11}"
                lines.append(textwrap.fill(command.about, width, initial_indent=first, subsequent_indent=" " * 13))
    return "\n".join(lines)
