"""Re-training in operation, in a real browser: firings of a schedule and of new data, a promotion, a refusal, a
rollback, runs that wait for each other, a webhook that hears of failures, and a teacher that ran out of budget."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.server.private import running_server
from mmkp_core.data.demo import write_demo
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.identity import ArtifactRef
from mmkp_core.teacher.spec import TeacherSpec
from storage.store import Store
from tests.drills import prefect_ui as ui
from tests.drills.asking import ask
from tests.drills.browser import CHROMIUM, browser
from tests.drills.test_engineer import DEMO, mmkp, shot, wait
from tests.drills.test_kill_and_resume import alive, descendants

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.enable_socket,
]

SECRET = "7f3a-not-for-the-log"


class Operation:
    """A served store, its API, and a receiver of webhooks."""

    def __init__(self, home: Path, posts: list[dict[str, Any]]) -> None:
        self.home, self.posts = home, posts
        self.site = (running_server(home) or "").removesuffix("/api")
        self.told: list[dict[str, Any]] = []

    def api(self, path: str, body: Any = None, method: str | None = None) -> Any:
        return ask(f"{self.site}/api{path}", body, method)

    def deployment(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api(f"/deployments/name/{name}/{name}")
        return found

    def fire(self, name: str, **parameters: Any) -> str:
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        return str(self.api(path, {"parameters": parameters})["id"])

    def runs(self, name: str) -> list[dict[str, Any]]:
        """Oldest first; those that a schedule has only planned are left out."""
        asked = {"flows": {"name": {"any_": [name]}}, "sort": "START_TIME_ASC"}
        return [run for run in self.api("/flow_runs/filter", asked) if run["state"]["name"] != "Scheduled"]

    def state(self, run: str, seconds: float = 240.0) -> str:
        """In which a run ends."""
        ends = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        wait(lambda: self.api(f"/flow_runs/{run}")["state"]["type"] in ends, seconds, self.home)
        return str(self.api(f"/flow_runs/{run}")["state"]["name"])

    def message(self, run: str) -> str:
        return str(self.api(f"/flow_runs/{run}")["state"]["message"])

    def command(self, *arguments: str) -> None:
        assert mmkp(self.home, *arguments).wait(240) == 0, (self.home / "log").read_text()[-3000:]

    def ingest(self, first: int, last: int) -> None:
        file = self.home / f"posts-{first}.jsonl"
        file.write_text("".join(json.dumps(post) + "\n" for post in self.posts[first:last]))
        self.command("ingest", str(file), "--name", "own", *(["--append"] if first else []))

    def champion(self) -> ArtifactRef | None:
        return Store(self.home).names.get("champion/default")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    home, generated = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("posts")
    assert mmkp(home, "demo", *DEMO).wait(400) == 0, (home / "log").read_text()[-3000:]
    write_demo(DemoSpec(posts=400, seed=7), generated)
    rows = [json.loads(line) for line in (generated / "posts.jsonl").read_text().splitlines()]
    posts = [{key: row[key] for key in ("post_id", "text", "keyphrases")} for row in rows]
    with receiver() as (port, told):
        server = mmkp(home, "serve", "--port", "0", env={"MMKP_NOTIFY_URL": f"http://127.0.0.1:{port}/{SECRET}"})
        try:
            wait(lambda: "deployments are served" in (home / "log").read_text() or server.poll() is not None, 180, home)
            assert server.poll() is None, (home / "log").read_text()[-3000:]
            operation = Operation(home, posts)
            operation.told = told
            yield operation
        finally:
            children = list(descendants(server.pid))
            server.send_signal(signal.SIGTERM)
            assert server.wait(120) == 0
            wait(lambda: not any(map(alive, children)) and running_server(home) is None, 60, home)


@contextlib.contextmanager
def receiver() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A webhook on loopback, and what it was told."""
    told: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.append({"path": self.path, **body})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], told
    finally:
        server.shutdown()
        server.server_close()


def explained(page: Any, running: Operation, run: str, name: str) -> str:
    """What the page that a run left about its champion says; pictures of the run and of the page."""
    ui.open_run(page, running.site, run)
    page.wait_text(running.api(f"/flow_runs/{run}")["state"]["name"])
    page.settle(1.5)
    shot(page, f"{name}-run")
    ui.open_artifact(page, running.site, run, f"champion-default-{run[-12:]}")
    page.wait_text("Who bore the name")
    page.settle(1.0)
    shot(page, f"{name}-page")
    return str(page.text)


def open_form(page: Any, running: Operation, name: str) -> None:
    """Through the deployment's own page: the list of all has several."""
    page.open(f"{running.site}/v2/deployments/deployment/{running.deployment(name)['id']}")
    ui.open_menu(page, "Run", "button")
    page.click("Custom run", "[role=menuitem]")
    page.until(f"!!{ui.field('Run Name')}")


def flip(page: Any, address: str, label: str, *, on: bool) -> None:
    """Turn the switch that a page has for `label`; a click on a page that is still drawing itself is lost."""
    named = "(e.getAttribute('aria-label') || '') + e.parentElement.parentElement.innerText"
    switch = f"[...document.querySelectorAll('button[role=switch]')].find(e => ({named}).includes('{label}'))"
    page.open(address)
    for _ in range(10):
        page.until(f"!!({switch})")
        page.settle(1.0)
        if page.run(f"({switch}).getAttribute('aria-checked')") == str(on).lower():
            return
        page.click_element(switch)
    raise TimeoutError(f"the switch of {label} does not turn")


def test_the_schedule_is_shipped_off_and_switched_on_in_the_ui(running: Operation) -> None:
    running.ingest(0, 150)
    deployment = running.deployment("retrain")
    assert [(s["slug"], s["active"]) for s in deployment["schedules"]] == [("nightly", False)]
    first = running.fire("retrain", dataset="own", system="frequent")
    assert running.state(first) == "First"

    often = {"slug": "often", "active": False, "schedule": {"interval": 40}}
    running.api(f"/deployments/{deployment['id']}/schedules", [often])
    running.ingest(150, 250)
    with browser() as page:
        page.open(f"{running.site}/v2/deployments/deployment/{deployment['id']}/edit")
        ui.fill(page, "dataset", "own")  # not in the schedule: Prefect forgets its parameters when it is switched
        ui.choose(page, "system", "frequent")
        page.click("Save", "button")
        wait(lambda: running.deployment("retrain")["parameters"]["dataset"] == "own", 30, running.home)
        address = f"{running.site}/v2/deployments/deployment/{deployment['id']}"
        flip(page, address, "40 seconds", on=True)
        wait(lambda: len(running.runs("retrain")) >= 2, 150, running.home)
        page.settle(1.0)
        page.open(address)
        page.settle(2.0)
        shot(page, "schedule-on")
        wait(lambda: len(running.runs("retrain")) >= 3, 150, running.home)
        flip(page, address, "40 seconds", on=False)
        decided, idle = (run["id"] for run in running.runs("retrain")[1:3])

        assert running.state(decided) == "Kept"
        said = explained(page, running, decided, "kept")
        assert "stays the champion default" in said and "95% interval" in said and "left out" in said

        assert running.state(idle) == "Cached"
        assert "no new posts in own since" in running.message(idle)
        assert "Nothing new" in explained(page, running, idle, "cached")
    [run] = {run["auto_scheduled"] for run in running.runs("retrain")[1:3]}
    assert run is True


def test_a_better_system_from_the_form_is_promoted(running: Operation) -> None:
    before = running.champion()
    with browser() as page:
        open_form(page, running, "retrain")
        ui.fill(page, "dataset", "own")
        ui.choose(page, "system", "tfidf")
        run = ui.submit(page)
        assert running.state(run) == "Promoted"
        said = explained(page, running, run, "promoted")
    assert "is now the champion default" in said and "mmkp champion rollback" in said
    assert running.champion() not in (None, before)


def test_a_rollback_is_explained_and_not_undone_by_the_next_firing(running: Operation) -> None:
    promoted = running.champion()
    running.command("champion", "rollback", "--reason", "odd phrases in the morning")
    assert running.champion() != promoted
    rolled = running.runs("champion")[-1]["id"]
    assert running.state(rolled) == "RolledBack"
    again = running.fire("retrain", dataset="own", system="tfidf")
    assert running.state(again) == "Cached"
    with browser() as page:
        said = explained(page, running, rolled, "rollback")
        assert "Rolled back" in said and "odd phrases in the morning" in said
        assert "gets it back only by hand" in explained(page, running, again, "after-rollback")
        name = next(v.name for v in Store(running.home).names.current() if v.target == promoted).partition("/")[2]
        open_form(page, running, "champion")
        ui.choose(page, "action", "promote")
        ui.fill(page, "run", name)
        ui.fill(page, "reason", "they were right after all")
        shot(page, "champion-form")
        run = ui.submit(page)
        assert running.state(run) == "Promoted"
        assert "they were right after all" in explained(page, running, run, "by-hand")
    assert running.champion() == promoted


def test_new_data_starts_a_run_once_the_trigger_is_switched_on(running: Operation) -> None:
    [automation] = [a for a in running.api("/automations/filter", {}) if a["name"] == "retrain-1"]
    assert not automation["enabled"]
    before = len(running.runs("retrain"))
    running.ingest(250, 300)
    with browser() as page:
        page.open(f"{running.site}/v2/automations")
        page.wait_text("retrain-1")
        page.settle(1.5)
        shot(page, "automations")
        assert len(running.runs("retrain")) == before  # the trigger was off
        flip(page, f"{running.site}/v2/automations", "retrain-1", on=True)
        running.ingest(300, 350)
        wait(lambda: len(running.runs("retrain")) > before, 60, running.home)
        run = running.runs("retrain")[-1]["id"]
        assert running.state(run) in ("Kept", "Promoted")
        assert running.api(f"/flow_runs/{run}")["parameters"]["dataset"] == "own"
        explained(page, running, run, "triggered")
        flip(page, f"{running.site}/v2/automations", "retrain-1", on=False)


def test_two_firings_at_once_decide_one_after_the_other(running: Operation) -> None:
    runs = [running.fire("retrain", dataset="own", system="tfidf", seed=seed) for seed in (1, 2)]
    # without order, the later would fail: the champion was changed while it decided
    assert {running.state(run) for run in runs} <= {"Kept", "Promoted", "Cached"}


def told_of(running: Operation, run: str) -> dict[str, Any]:
    """The one call that the webhook got about a run."""
    name = running.api(f"/flow_runs/{run}")["name"]
    wait(lambda: any(call["run"] == name for call in running.told), 60, running.home)
    time.sleep(5)  # a second call would come by then
    [call] = [call for call in running.told if call["run"] == name]
    return call


def test_a_failed_run_is_told_once_and_leaves_the_champion(running: Operation) -> None:
    before = running.champion()
    run = running.fire("retrain", dataset="own", settings={"systems": {"tfidf": {"nearest": "many"}}})
    assert running.state(run) == "Failed"
    assert running.champion() == before
    call = told_of(running, run)
    assert (call["path"], call["flow"], call["state"]) == (f"/{SECRET}", "retrain", "Failed")
    assert "nearest" in call["message"] and call["message"] in call["text"]
    with browser() as page:
        page.open(call["link"])
        page.wait_text(call["run"])
        page.settle(2.0)
        shot(page, "failed-link")
        ui.open_run(page, running.site, run)
        page.wait_text("Failed")
        page.settle(1.5)
        shot(page, "failed-run")
        page.open(f"{running.site}/v2/automations")
        page.wait_text("mmkp-failed-runs")
        assert SECRET not in page.text
    written = [
        running.home / "log",
        *(running.home / "prefect").glob("server.*"),
        *(running.home / "prefect").glob("*.db*"),
    ]
    assert len(written) > 2
    assert [path.name for path in written if SECRET.encode() in path.read_bytes()] == []


def test_a_killed_run_is_told_as_crashed(running: Operation) -> None:
    run = running.fire("retrain", dataset="own", seed=3)
    wait(lambda: processes_of(run), 60, running.home)
    for pid in processes_of(run):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert running.state(run) == "Crashed"
    assert told_of(running, run)["state"] == "Crashed"


def processes_of(run: str) -> list[int]:
    """Processes that carry a flow run's id."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"PREFECT__FLOW_RUN_ID={run}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def test_a_teacher_out_of_budget_keeps_what_it_paid_for_and_goes_on(running: Operation) -> None:
    runs = []
    with browser() as page:
        for budget, end in (("3000", "Failed"), ("9000000", "Completed")):
            open_form(page, running, "teach")
            ui.fill_all(page, {"split": "demo", "Concurrency": "2", "Budget Tokens": budget})
            runs.append(ui.submit(page))
            assert running.state(runs[-1]) == end
            ui.open_run(page, running.site, runs[-1])
            page.wait_text(end)
            page.settle(1.5)
            shot(page, f"teach-{end.lower()}")
            if end == "Failed":
                paid = journal(running.home)
    said = running.message(runs[0])
    assert f"{len(paid):,} of" in said and "answered and kept" in said and "limits.budget_tokens" in said
    assert told_of(running, runs[0])["flow"] == "teach"
    logged = running.api("/logs/filter", {"logs": {"flow_run_id": {"any_": [runs[0]]}}})
    assert [line["message"] for line in logged if "Traceback" in line["message"]] == []
    later = journal(running.home)
    assert 0 < len(paid) < len(later) == len(set(later))  # nothing was asked twice
    assert later[: len(paid)] == paid


def journal(home: Path) -> list[str]:
    """The questions that were paid for, in order."""
    file = home / "journals" / f"{TeacherSpec().journal_key}.jsonl"
    return [json.loads(line)["reply"]["request"] for line in file.read_text().splitlines()]


def test_the_history_on_the_command_line_tells_the_same(running: Operation) -> None:
    command = [sys.executable, "-m", "flows.command", "champion", "list"]
    environment = {**os.environ, "MMKP_HOME": str(running.home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert "odd phrases in the morning" in done.stdout and "they were right after all" in done.stdout
