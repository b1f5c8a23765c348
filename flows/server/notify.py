"""Lets the Prefect server call a webhook when a run fails or crashes.

The server does it by itself, by an automation, so a run that was killed is told as well. The address may be a
secret: it is kept in a block of the server, encrypted, and neither logged nor shown.
"""

import os
from urllib.parse import urlsplit
from uuid import UUID

from flows.server.automations import drop, keep
from flows.server.deployments import flow_names
from mmkp_core.errors import WrongInput

NAME = "mmkp-failed-runs"
"""Of the automation and of the block that keeps the address."""
ADDRESS = "MMKP_NOTIFY_URL"  # a command line can be read by everybody on the machine
EVENTS = frozenset(f"prefect.flow-run.{state}" for state in ("Failed", "Crashed", "TimedOut"))
PAYLOAD = """{
  "text": {{ ("mmkp: " ~ flow.name ~ " " ~ flow_run.state.name ~ ": " ~ flow_run.state.message) | tojson }},
  "flow": {{ flow.name | tojson }},
  "run": {{ flow_run.name | tojson }},
  "state": {{ flow_run.state.name | tojson }},
  "message": {{ flow_run.state.message | tojson }},
  "link": {{ flow_run | ui_url | tojson }}
}"""


def notify(url: str) -> str:
    """Let the server that is configured call `url` from now on; where it was told to before, the new address counts.

    Returns the address without its secret part.
    """
    from prefect.blocks.webhook import Webhook
    from prefect.events.actions import CallWebhook
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification
    from prefect.types import SecretDict
    from pydantic import SecretStr

    host = host_of(url)
    headers = SecretDict({"Content-Type": "application/json"})
    block = Webhook(method="POST", url=SecretStr(url), headers=headers).save(NAME, overwrite=True)
    assert isinstance(block, UUID)
    automation = AutomationCore(
        name=NAME,
        description=f"Tells {host} of each run that failed or crashed; made by `mmkp notify`.",
        trigger=EventTrigger(
            posture=Posture.Reactive,
            expect=set(EVENTS),
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification(
                {"prefect.resource.role": "flow", "prefect.resource.name": list(flow_names())},
            ),
            for_each={"prefect.resource.id"},
            threshold=1,
        ),
        actions=[CallWebhook(block_document_id=block, payload=PAYLOAD)],
    )
    keep(automation)
    return host


def stop_notifying() -> bool:
    """Forget the address; whether there was one."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    known = drop(NAME)
    with get_client(sync_client=True) as client:
        try:
            block = client.read_block_document_by_name(NAME, "webhook")
        except ObjectNotFound:
            return known
        assert block.id is not None
        client.delete_block_document(block.id)
        return True


def address(given: str | None) -> str:
    """What was given on the command line, else what the environment says; checked."""
    url = given or os.environ.get(ADDRESS, "")
    if not url:
        raise WrongInput(f"notify: give the address of a webhook, or set {ADDRESS}")
    host_of(url)
    return url


def host_of(url: str) -> str:
    """Scheme and host: the rest of a webhook's address is often its password."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongInput("notify: the address of a webhook starts with https:// or http:// and names a host")
    return f"{parts.scheme}://{parts.hostname}"
