"""`kill -9` in the middle of OCR and of training, and two commands at once: the same result, each thing done once."""

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage import catalog
from storage.store import Store

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket]

COMMAND = [
    sys.executable, "-m", "flows.command", "demo", "--posts", "160", "--systems", "frequent,copy-ocr",
    "--set", "systems.copy-ocr.training.epochs=3", "--set", "evaluation.resamples=100", "--set", "ocr.engine=rapid",
]  # fmt: skip
SECONDS = 900


def start(home: Path) -> "subprocess.Popen[str]":
    home.mkdir(exist_ok=True)
    with (home / "log").open("a") as log:
        return subprocess.Popen(
            COMMAND,
            stdout=log,
            stderr=log,
            text=True,
            env={**os.environ, "MMKP_HOME": str(home)},
            start_new_session=True,
        )


def finish(process: "subprocess.Popen[str]", home: Path) -> None:
    assert process.wait(SECONDS) == 0, (home / "log").read_text()[-3000:]


def until(condition: Callable[[], bool], process: "subprocess.Popen[str]", home: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert process.poll() is None, f"it ended before the moment came:\n{(home / 'log').read_text()[-3000:]}"
        assert time.monotonic() < deadline, (home / "log").read_text()[-3000:]
        time.sleep(0.02)


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill the command alone; its children have to notice by themselves."""
    children = [int(pid) for pid in descendants(process.pid)]
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    gone(children)


def gone(children: list[int]) -> None:
    deadline = time.monotonic() + 60
    while any(alive(pid) for pid in children):
        assert time.monotonic() < deadline, f"still alive: {[pid for pid in children if alive(pid)]}"
        time.sleep(0.05)


def descendants(pid: int) -> Iterator[int]:
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        for found in child.read_text().split():
            yield int(found)
            yield from descendants(int(found))


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def predictions(home: Path) -> list[tuple[object, ...]]:
    with catalog.connect(Store(home)) as connection:
        query = "select system, post_id, head, phrases, scores from predictions order by all"
        return connection.sql(query).fetchall()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("undisturbed")
    finish(start(home), home)
    return home


@pytest.mark.fault(13)
def test_a_run_killed_in_ocr_and_in_training_ends_in_the_same_predictions(undisturbed: Path, tmp_path: Path) -> None:
    home = tmp_path / "killed"
    process = start(home)
    until(lambda: any(home.glob("artifacts/ocr/*/*/record.json")), process, home)
    kill(process)
    kept = len(list(home.glob("artifacts/ocr/*/*/record.json")))

    process = start(home)
    until(lambda: any(home.glob("work/run.*/*")), process, home)
    kill(process)
    assert kept
    assert re.search(r"all \d+ images of the shard were read before", (home / "log").read_text())

    finish(start(home), home)
    assert predictions(home) == predictions(undisturbed)


@pytest.mark.fault(30)
def test_a_command_that_is_asked_to_end_writes_down_its_training_and_ends(undisturbed: Path, tmp_path: Path) -> None:
    home = tmp_path / "ended"
    process = start(home)
    until(lambda: any(home.glob("work/run.*/*/*")), process, home)
    children = list(descendants(process.pid))
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(SECONDS)
    took = time.monotonic() - begun
    gone(children)
    assert any(home.glob("work/run.*/*/*")), "the checkpoint is kept"
    print(f"ended {took:.1f} s after SIGTERM")
    finish(start(home), home)
    assert predictions(home) == predictions(undisturbed)


def test_a_second_run_makes_nothing(undisturbed: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in undisturbed.glob("artifacts/**/record.json")}
    finish(start(undisturbed), undisturbed)
    assert {path: path.stat().st_mtime_ns for path in undisturbed.glob("artifacts/**/record.json")} == before


@pytest.mark.fault(18)
def test_prefect_stores_no_result_that_could_be_replaced_by_code(undisturbed: Path) -> None:
    """A stored result names how it is unpacked, a pickle too: whoever writes one would run code in the next run. What
    is reused is an artifact, checked by its hash."""
    stored = [path for path in (undisturbed / "prefect").rglob("storage/*") if path.is_file()]
    assert stored == []
    folder = undisturbed / "prefect" / "storage"
    folder.mkdir(exist_ok=True)
    ran = undisturbed / "ran"
    for state in ("", "train-copy-ocr", "make_report"):
        (folder / f"{state}planted").write_bytes(pickle.dumps(Planted(str(ran))))
    finish(start(undisturbed), undisturbed)
    assert not ran.exists()


class Planted:
    """Runs code where it is unpacked."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (self.path, "w")


@pytest.mark.fault(21)
def test_two_commands_at_once_on_one_store_do_the_work_once(undisturbed: Path, tmp_path: Path) -> None:
    home = tmp_path / "shared"
    for process in [start(home), start(home)]:
        finish(process, home)
    assert predictions(home) == predictions(undisturbed)
    published = re.findall(r"published ((?:run|posts|predictions|scores)/[0-9a-f]+)", (home / "log").read_text())
    assert sorted(published) == sorted(set(published))
    read = [sum(file.rows or 0 for file in r.files if file.name == "ocr.parquet") for r in Store(home).records("ocr")]
    once = [sum(f.rows or 0 for f in r.files if f.name == "ocr.parquet") for r in Store(undisturbed).records("ocr")]
    assert sum(read) == sum(once)


@pytest.mark.fault(21)
def test_a_reader_queries_while_a_run_publishes(tmp_path: Path) -> None:
    import duckdb

    home = tmp_path / "queried"
    process = start(home)
    until((home / catalog.FILE).exists, process, home)
    seen = []
    while process.poll() is None:
        with duckdb.connect(str(home / catalog.FILE), read_only=True) as connection:
            seen.append(connection.sql("select count(*) from artifacts").fetchall()[0][0])
            connection.sql(
                "select p.text, o.words from posts p left join ocr o using (image_key) left join hits h "
                "using (dataset, post_id) where h.correct is null or not h.correct"
            ).fetchall()
    assert process.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 5
