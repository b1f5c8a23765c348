"""`mmkp serve` from start to end, driven from the browser and ended in every way."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.server.private import running_server
from tests.drills import prefect_ui as ui
from tests.drills.asking import ask
from tests.drills.browser import CHROMIUM, PHONE, browser

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.enable_socket,
]

FLOWS = Path(__file__).parents[1] / "flows" / "server" / "served"
SERVE = """
import sys; from pathlib import Path; from flows.server.serve import serve; from mmkp_core.errors import MmkpError
try: serve(Path(sys.argv[1]), Path(sys.argv[2]), port=0)
except MmkpError as error: sys.exit(f"error: {error}")
"""


class Served:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / "serve.log"
        with self.log.open("w") as log:
            command = [sys.executable, "-c", SERVE, str(home), str(FLOWS / "prefect.yaml")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        wait(lambda: "UI " in self.log.read_text() or self.process.poll() is not None, 120)
        assert self.process.poll() is None, self.log.read_text()
        self.site = (running_server(home) or "").removesuffix("/api")

    def api(self, path: str, body: Any = None, method: str | None = None) -> Any:
        return ask(f"{self.site}/api{path}", body, method)

    def start(self, name: str, **parameters: Any) -> str:
        deployment = self.api(f"/deployments/name/{name}/{name}")["id"]
        return str(self.api(f"/deployments/{deployment}/create_flow_run", {"parameters": parameters})["id"])

    def start_long(self) -> tuple[str, list[int]]:
        """A run that is at work, and the processes that belong to it."""
        pids = self.home / "pids.txt"
        pids.unlink(missing_ok=True)
        run = self.start("long", seconds=600, pids=str(pids))
        wait(lambda: pids.exists() and len(pids.read_text().split()) == 2, 60)
        return run, [int(pid) for pid in pids.read_text().split()]

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(timeout=90)
        wait(lambda: running_server(self.home) is None, 90)


def wait(ready: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("store"))
    yield server
    server.end()


def test_a_run_is_started_from_its_form_with_a_changed_setting(served: Served) -> None:
    with browser() as page:
        ui.open_run_form(page, served.site, "short")
        assert ui.value(page, "System") == "m3h-att"
        assert ui.value(page, "Epochs") == "3"
        ui.fill(page, "Epochs", "7")
        ui.choose(page, "System", "sft")
        run = ui.submit(page)
        assert ui.wait_state(page, "Completed", "Failed", "Crashed") == "Completed"
        spec = served.api(f"/flow_runs/{run}")["parameters"]["spec"]
        assert (spec["system"], spec["learning"]["epochs"]) == ("sft", 7)
        assert sorted(ui.task_states(page, served.site, run)) == ["Cached", "Cached", "Completed", "Completed"]
        page.open(f"{served.site}/v2/runs/flow-run/{run}")
        page.wait_text("core says 1")
        assert page.foreign_requests() == []


def test_a_value_out_of_bounds_does_not_leave_the_form(served: Served) -> None:
    before = served.api("/flow_runs/count", {})
    with browser() as page:
        ui.open_run_form(page, served.site, "short")
        ui.fill(page, "Epochs", "500")
        assert "less than or equal to 200" in ui.refusal(page)
    assert served.api("/flow_runs/count", {}) == before


def test_a_wrong_value_past_the_form_is_refused_by_the_server(served: Served) -> None:
    with pytest.raises(urllib.error.HTTPError, match="409"):
        served.start("short", spec={"learning": {"epochs": 500}})


def test_the_report_opens_by_a_click_and_is_a_stranger_to_the_api(served: Served) -> None:
    run = served.start("short")
    with browser() as page:
        ui.open_run(page, served.site, run)
        ui.wait_state(page, "Completed")
        ui.open_report(page, served.site, run)
        assert page.text.strip() == "no such report"  # the stub publishes none
        assert page.run("self.origin") == "null"
        page.resize(*PHONE)
        page.open(f"{served.site}/reports/")
        page.wait_text("No report yet")


def test_cancel_in_the_ui_ends_the_processes_of_the_run(served: Served) -> None:
    run, processes = served.start_long()
    with browser() as page:
        ui.open_run(page, served.site, run)
        ui.wait_state(page, "Running")
        ui.cancel(page)
        ui.wait_state(page, "Cancelled")
    wait(lambda: not any(map(alive, processes)), 10)


def test_retry_in_the_ui_runs_again(served: Served) -> None:
    marker = served.home / "marker"
    run = served.start("flaky", marker=str(marker))
    with browser() as page:
        ui.open_run(page, served.site, run)
        ui.wait_state(page, "Failed")
        marker.touch()
        ui.retry(page)
        ui.wait_state(page, "Completed")
    assert served.api(f"/flow_runs/{run}")["run_count"] == 2


def test_a_published_data_set_starts_the_deployment_that_waits_for_it(served: Served) -> None:
    event = {
        "id": "018f0000-0000-7000-8000-000000000001",
        "occurred": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "event": "mmkp.dataset.published",
        "resource": {"prefect.resource.id": "mmkp.dataset.demo"},
        "payload": {"name": "dataset/fresh"},
    }
    served.api("/events", [event])

    def started() -> bool:
        runs = served.api("/flow_runs/filter", {})
        return any(run["parameters"].get("dataset") == "dataset/fresh" for run in runs)

    wait(started, 60)


def test_a_second_serve_on_the_store_says_where_the_first_is(served: Served) -> None:
    command = [sys.executable, "-c", SERVE, str(served.home), str(FLOWS / "prefect.yaml")]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert f"already running for the store {served.home} at {served.site}" in second.stderr


@pytest.mark.parametrize(
    ("number", "ends_as"),
    [(signal.SIGINT, "Cancelled"), (signal.SIGTERM, "Cancelled"), (signal.SIGKILL, "Crashed")],
)
def test_however_serve_ends_nothing_is_left_behind(tmp_path: Path, number: signal.Signals, ends_as: str) -> None:
    server = Served(tmp_path)
    run, processes = server.start_long()
    child = json.loads((tmp_path / "prefect" / "server.json").read_text())["pid"]
    server.end(number)
    wait(lambda: not any(map(alive, [*processes, child])), 30)
    again = Served(tmp_path)  # the slot of the deployment's limit is free again
    try:
        assert again.api(f"/flow_runs/{run}")["state"]["name"] == ends_as
        later, _ = again.start_long()
        assert again.api(f"/flow_runs/{later}")["state"]["name"] == "Running"
    finally:
        again.end()


def test_a_schedule_switched_on_in_the_ui_stays_on(tmp_path: Path) -> None:
    server = Served(tmp_path)
    deployment = server.api("/deployments/name/short/short")
    (schedule,) = deployment["schedules"]
    assert not schedule["active"]
    server.api(f"/deployments/{deployment['id']}/schedules/{schedule['id']}", {"active": True}, "PATCH")
    server.end()
    again = Served(tmp_path)
    try:
        assert again.api("/deployments/name/short/short")["schedules"][0]["active"]
    finally:
        again.end(signal.SIGTERM)
    assert os.path.exists(tmp_path / "prefect" / "prefect.db")
