"""The table of commands: where each stands, and its one line in the help.

Those of the flows follow from `prefect.yaml`; reading this table loads none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flows.server.deployments import declared


@dataclass(frozen=True, slots=True)
class Command:
    """One command, found by its import path when it is called."""

    where: str
    about: str
    group: str


FLOWS, FILES, STORE, MACHINE = "Flows", "Files, without a store or a server", "What there is", "This machine"

OWN: Mapping[str, Command] = {
    "evaluate": Command("flows.command.files:evaluate", "Score a file of predictions.", FILES),
    "overlap": Command("flows.command.files:overlap", "What test posts share with training posts.", FILES),
    "compare": Command("flows.command.runs:compare", "Whether one run is better than another.", STORE),
    "champion": Command("flows.command.runs:champion", "Who is champion, since when and why; promote or roll back.", STORE),
    "query": Command("flows.command.store:query", "SQL over everything in the store.", STORE),
    "systems": Command("flows.command.systems:systems", "Every system, its family, paper and needs.", STORE),
    "settings": Command("flows.command.systems:settings", "Every setting of a flow or a system.", STORE),
    "verify": Command("flows.command.store:verify", "Check every stored byte against its hash.", STORE),
    "gc": Command("flows.command.store:gc", "Remove what killed and replaced builds left behind.", STORE),
    "serve": Command("flows.command.service:serve", "Prefect server, its UI, all deployments and the reports.", MACHINE),
    "notify": Command("flows.command.service:notify", "Call a webhook when a run fails or crashes.", MACHINE),
    "doctor": Command("flows.command.machine:doctor", "What this machine can do, and what to do about the rest.", MACHINE),
    "bench": Command("flows.command.machine:bench", "The speed table, each figure beside its reference.", MACHINE),
    "tiny": Command("flows.command.machine:tiny", "Train the tiny vision-language backbone anew.", MACHINE),
}


SPELT = {"train": "flows.command.train:train", "predict": "flows.command.predict:predict"}
"""Commands of flows that differ from what follows from the flow's signature."""


def commands() -> dict[str, Command]:
    """Every command by name; one of our own counts more than the one that would be made from a flow."""
    made = {}
    for entry in declared():
        name = str(entry["name"])
        if name not in OWN:
            where = SPELT.get(name, f"flows.command.from_flow:{name}")
            made[name] = Command(where, str(entry["description"]), FLOWS)
    return {**made, **OWN}
