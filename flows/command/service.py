"""Commands that keep a Prefect server and tell it whom to call."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.command.running import say

Url = Annotated[str, Parameter(metavar="URL")]


def serve(
    *,
    port: int = 4200,
    sources: Annotated[tuple[Path, ...], Parameter(metavar="DIR")] = (),
    notify: Url = "",
) -> None:
    """Prefect server, its UI, all deployments and the reports.

    Args:
        port: Where the UI is; another one is taken, and told, where this is in use.
        sources: A folder that forms may name files of; may be repeated. This folder unless given.
        notify: Call this webhook when a run fails; MMKP_NOTIFY_URL unless given.
    """
    from flows.server.deployments import PREFECT_YAML
    from flows.server.notify import ADDRESS, address
    from flows.server.private import server_home
    from flows.server.serve import serve as serve_all
    from tasks.run.sources import allow

    url = address(notify) if notify or os.environ.get(ADDRESS) else ""
    for folder in sources or [Path.cwd()]:
        allow(folder)
    serve_all(server_home(), PREFECT_YAML, port=port, notify_url=url)


def notify(url: Url = "", /, *, off: bool = False) -> None:
    """Call a webhook when a run fails or crashes.

    Args:
        url: Of the webhook; MMKP_NOTIFY_URL unless given.
        off: Call nobody any more.
    """
    from flows.server.notify import address, stop_notifying
    from flows.server.notify import notify as notify_server
    from flows.server.private import prefect_api, server_home

    checked = "" if off else address(url)
    with prefect_api(server_home()):
        if off:
            say("failed runs are told to nobody" + ("" if stop_notifying() else ", as before"))
        else:
            say(f"failed and crashed runs are told to {notify_server(checked)}")
