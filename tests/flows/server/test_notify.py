"""Who is told of a failed run, and what stays of what somebody set in the UI."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.command.main import main
from flows.server.notify import EVENTS, NAME, PAYLOAD, address, host_of, notify, stop_notifying
from mmkp_core.errors import WrongInput

ROOT = Path(__file__).resolve().parents[3]


def automations() -> list[Any]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return client.read_automations_by_name(NAME)


@pytest.mark.flow
@pytest.mark.usefixtures("prefect_server")
def test_told_twice_there_is_one_automation_with_the_newer_address() -> None:
    from prefect.blocks.webhook import Webhook

    assert notify("https://hooks.example.org/first-secret") == "https://hooks.example.org"
    notify("https://hooks.example.org/second-secret")
    [automation] = automations()
    assert automation.trigger.expect == EVENTS
    assert "secret" not in automation.model_dump_json()
    assert Webhook.load(NAME).url.get_secret_value() == "https://hooks.example.org/second-secret"  # type: ignore[union-attr]
    assert stop_notifying()
    assert automations() == []
    assert not stop_notifying()


def test_the_body_is_json_whatever_the_message_holds() -> None:
    from prefect.server.events.jinja_filters import all_filters
    from prefect.server.utilities.user_templates import register_user_template_filters, render_user_template_sync

    register_user_template_filters({**all_filters, "ui_url": lambda run: f"http://ui/{run.name}"})
    state = SimpleNamespace(name="Failed", message='line\n"quoted" {{ braces }} \\ <b>ü</b>')
    context = {"flow": SimpleNamespace(name="retrain"), "flow_run": SimpleNamespace(name="odd-owl", state=state)}
    body = json.loads(render_user_template_sync(PAYLOAD, context))
    register_user_template_filters(all_filters)
    assert body["message"] == state.message
    assert body["text"] == f"mmkp: retrain Failed: {state.message}"
    assert (body["flow"], body["run"], body["state"], body["link"]) == (
        "retrain", "odd-owl", "Failed", "http://ui/odd-owl",
    )  # fmt: skip


@pytest.mark.parametrize("url", ["hooks.example.org/x", "ftp://hooks.example.org/x", "https://", ""])
def test_what_is_no_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(WrongInput, match="starts with https") as refused:
        host_of(url)
    assert "/x" not in str(refused.value)


def test_the_address_comes_from_the_command_or_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MMKP_NOTIFY_URL", "https://a.example/1")
    assert address(None) == "https://a.example/1"
    assert address("https://b.example/2") == "https://b.example/2"
    monkeypatch.delenv("MMKP_NOTIFY_URL")
    with pytest.raises(SystemExit, match="2"):
        main(["notify"])
    assert "set MMKP_NOTIFY_URL" in capsys.readouterr().err


@pytest.mark.flow
@pytest.mark.usefixtures("prefect_server")
def test_what_was_set_in_the_ui_stays_when_it_is_served_again() -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate
    from prefect.client.schemas.schedules import CronSchedule

    from flows.server.deployments import deployments_from
    from flows.server.serve import keep_changes

    said: list[str] = []

    async def serve_again() -> Any:
        [deployment] = [d for d in deployments_from(ROOT / "prefect.yaml") if d.name == "retrain"]
        await keep_changes(deployment, said.append)
        number = await deployment.aapply()
        async with get_client() as client:
            automations = await client.read_resource_related_automations(f"prefect.deployment.{number}")
            return await client.read_deployment(number), automations

    async def change(number: Any, automation: Any) -> None:
        cron = CronSchedule(cron="0 6 * * *", timezone="Europe/Paris")
        async with get_client() as client:
            await client.resume_automation(automation.id)
            await client.update_deployment(number, DeploymentUpdate(parameters={"dataset": "mine"}))
            await client.create_deployment_schedules(number, [DeploymentScheduleCreate(schedule=cron, active=True)])

    async def drill() -> tuple[Any, Any]:
        first, [automation] = await serve_again()
        assert [(s.slug, s.active) for s in first.schedules] == [("nightly", False)]
        assert not automation.enabled
        await change(first.id, automation)
        return await serve_again()

    again, [automation] = asyncio.run(drill())
    assert automation.enabled
    assert again.parameters == {"dataset": "mine"}
    kept = {s.schedule.cron: (s.slug, s.active) for s in again.schedules}
    assert kept == {"0 4 * * *": ("nightly", False), "0 6 * * *": (None, True)}
    assert said == []
