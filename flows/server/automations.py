"""Automations that mmkp keeps on a Prefect server, each known by its name."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.events.schemas.automations import AutomationCore


def keep(automation: "AutomationCore") -> None:
    """Have the server that is configured hold `automation`; one that somebody switched off stays off."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        known = client.read_automations_by_name(automation.name)
        if known:
            automation.enabled = known[0].enabled
            client.update_automation(known[0].id, automation)
        else:
            client.create_automation(automation)


def drop(name: str) -> bool:
    """Whether there was one of that name."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        known = client.read_automations_by_name(name)
        for automation in known:
            client.delete_automation(automation.id)
        return bool(known)
