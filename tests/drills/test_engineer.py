"""The engineer's path, in a real browser: `mmkp serve` after a demo, own data through a form, a cancel, a retry, the
report by a click; and a worker that picks up what `prefect deploy --all` registered."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.server.private import prefect_api, running_server
from mmkp_core.data.demo import write_demo
from mmkp_core.data.demo.spec import DemoSpec
from tests.drills import prefect_ui as ui
from tests.drills.asking import ask
from tests.drills.browser import CHROMIUM, PHONE, browser
from tests.drills.test_kill_and_resume import alive, descendants

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.enable_socket,
]

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(os.environ.get("MMKP_SHOTS", "/nonexistent"))
DEMO = ["--posts", "120", "--systems", "frequent,tfidf", "--set", "ocr.engine=rapid"]
EPOCHS = {system: {"training.epochs": 2} for system in ("copy", "copy-ocr", "m3h-att")}


def mmkp(home: Path, *arguments: str, **more: Any) -> "subprocess.Popen[str]":
    environment = {**os.environ, "MMKP_HOME": str(home), **more.pop("env", {})}
    with (home / "log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.command", *arguments], stdout=log, stderr=log, text=True, env=environment,
            cwd=ROOT, start_new_session=True,
        )  # fmt: skip


def wait(ready: Callable[[], Any], seconds: float, home: Path) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline, (home / "log").read_text()[-3000:]
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("store")
    assert mmkp(home, "demo", *DEMO).wait(400) == 0, (home / "log").read_text()[-3000:]
    return home


@pytest.fixture(scope="module")
def own_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's posts: another seed, so that nothing of it is in the store."""
    folder = tmp_path_factory.mktemp("own")
    write_demo(DemoSpec(posts=80, seed=7), folder)
    return folder


@pytest.fixture(scope="module")
def site(home: Path, own_data: Path) -> Iterator[str]:
    server = mmkp(home, "serve", "--port", "0", "--sources", str(own_data))
    try:
        wait(lambda: "deployments are served" in (home / "log").read_text() or server.poll() is not None, 180, home)
        assert server.poll() is None, (home / "log").read_text()[-3000:]
        yield (running_server(home) or "").removesuffix("/api")
    finally:
        children = list(descendants(server.pid))
        server.send_signal(signal.SIGTERM)
        assert server.wait(120) == 0
        wait(lambda: not any(map(alive, children)) and running_server(home) is None, 60, home)


def api(site: str, path: str, body: Any = None) -> Any:
    return ask(f"{site}/api{path}", body)


def shot(page: Any, name: str) -> None:
    if SHOTS.is_dir():
        page.picture(SHOTS / f"{name}.png")


def test_the_demos_run_is_there_with_its_tasks_and_its_report(site: str) -> None:
    [run] = [run for run in api(site, "/flow_runs/filter", {}) if run["state"]["type"] == "COMPLETED"]
    with browser() as page:
        ui.open_run(page, site, run["id"])
        page.wait_text("Completed")
        shot(page, "demo-run")
        [artifact] = [a for a in api(site, "/artifacts/filter", {}) if a["key"] and a["key"].endswith("-page")]
        ui.open_report(page, site, run["id"], artifact["key"])
        page.wait_text("Leaderboard")
        shot(page, "report")
        page.resize(*PHONE)
        shot(page, "report-phone")
        assert page.run("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.foreign_requests() == []


def test_a_wrong_value_is_refused_by_the_form(site: str) -> None:
    before = api(site, "/flow_runs/count", {})
    with browser() as page:
        ui.open_run_form(page, site, "pipeline")
        ui.fill(page, "Test Share", "5")
        assert "less than or equal to 0.9" in ui.refusal(page)
        shot(page, "refused")
    assert api(site, "/flow_runs/count", {}) == before


def test_own_data_through_the_form_cancelled_and_retried(site: str, home: Path, own_data: Path) -> None:
    with browser() as page:
        ui.open_run_form(page, site, "pipeline")
        typed = {"Path": str(own_data / "posts.jsonl"), "Images": str(own_data / "images"), "name": "own", "seed": "5"}
        ui.fill_all(page, typed)
        ui.write_json(page, EPOCHS)
        ui.choose(page, "Engine", "rapid")
        ui.fill_all(page, typed)  # whoever chooses early has defaults come after
        assert ui.value(page, "Engine") == "rapid"
        shot(page, "form")
        run = ui.submit(page)

        trainers: list[int] = []  # a small one may end while the next is not there yet
        wait(lambda: trainers or trainers.extend(workers(home) if list(home.glob("work/run.*")) else ()), 200, home)
        shot(page, "progress")
        ui.open_run(page, site, run)
        ui.cancel(page)
        ui.wait_state(page, "Cancelled")
        wait(lambda: not any(map(alive, trainers)), 60, home)
        shot(page, "cancelled")

        ui.retry(page)
        assert ui.wait_state(page, "Completed", "Failed", "Crashed", seconds=400) == "Completed"
        shot(page, "retried")
        assert "Cached" in ui.task_states(page, site, run)
    parameters = api(site, f"/flow_runs/{run}")["parameters"]
    settings = parameters["settings"]
    assert (settings["ocr"]["engine"], settings["systems"], parameters["seed"]) == ("rapid", EPOCHS, 5)


def workers(home: Path) -> list[int]:
    """The child processes that work for this store."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if any(b"tasks.run.work" in word for word in words) and f"MMKP_HOME={home}".encode() in environment:
            found.append(int(entry.name))
    return found


def test_a_worker_runs_what_was_deployed(home: Path, tmp_path: Path) -> None:
    with prefect_api(tmp_path) as url:  # a server of its own: `mmkp serve` would pick the run up as well
        site = url.removesuffix("/api")
        environment = {
            **os.environ, "MMKP_ROOT": str(ROOT), "MMKP_HOME": str(home), "PREFECT_WORKER_QUERY_SECONDS": "2",
        }  # fmt: skip
        prefect = [sys.executable, "-m", "prefect"]
        subprocess.run(
            [sys.executable, "-m", "flows.server.bootstrap"], env=environment, cwd=ROOT, check=True, timeout=120
        )
        deploy = [*prefect, "--no-prompt", "deploy", "--all"]
        done = subprocess.run(deploy, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        deployment = api(site, "/deployments/name/split/split")
        assert deployment["work_pool_name"] == "cpu"
        parameters = {"dataset": "demo", "name": "by-worker"}
        path = f"/deployments/{deployment['id']}/create_flow_run"
        run = api(site, path, {"parameters": parameters})["id"]
        with (home / "worker.log").open("w") as log:
            command = [*prefect, "worker", "start", "--pool", "cpu"]
            worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            state = wait(lambda: final(api(site, f"/flow_runs/{run}")["state"]["type"]), 180, home)
            assert state == "COMPLETED", (home / "worker.log").read_text()[-3000:]
        finally:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
    assert list((home / "names" / "split" / "by-worker").iterdir())


def final(state: str) -> str:
    return state if state in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else ""
