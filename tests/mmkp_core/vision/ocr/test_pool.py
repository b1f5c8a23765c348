"""The pool: every image gets its row once, whatever becomes of the workers."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmkp_core.errors import Unavailable
from mmkp_core.vision.decoding import Decoded, decode
from mmkp_core.vision.ocr.engine import Line
from mmkp_core.vision.ocr.pool import OcrPool
from mmkp_core.vision.ocr.rows import ocr_table
from mmkp_core.vision.ocr.scripted import ScriptedEngine, pixels_key
from mmkp_core.vision.ocr.spec import OcrSpec

ROOT = Path(__file__).resolve().parents[4]
SPEC = OcrSpec(skip_textless=False)
BOX = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)


def key_of(data: bytes) -> str:
    image = decode(data)
    assert isinstance(image, Decoded)
    return pixels_key(image)


def answers(images: dict[str, bytes]) -> dict[str, tuple[Line, ...]]:
    return {key_of(data): (Line(f"word {name}", 0.9, BOX),) for name, data in images.items()}


def test_bytes_and_files_are_read_and_workers_are_kept(tmp_path: Path, greys: dict[str, bytes]) -> None:
    with OcrPool(ScriptedEngine(answers(greys)), SPEC, workers=2, work=tmp_path) as pool:
        first = list(pool.read(greys.items()))
        workers = pool.processes
        for name, data in greys.items():
            (tmp_path / name).write_bytes(data)
        second = list(pool.read((name, tmp_path / name) for name in greys))
        assert pool.processes == workers
        assert len(workers) == 2
    assert {row.image_key: row.words for row in first} == {name: f"word {name}" for name in greys}
    assert ocr_table(first) == ocr_table(second)
    assert not any(lives(process) for process in workers)


def test_no_more_workers_start_than_there_are_images(tmp_path: Path, greys: dict[str, bytes]) -> None:
    with OcrPool(ScriptedEngine({}), SPEC, workers=4, work=tmp_path) as pool:
        assert list(pool.read([])) == []
        assert pool.processes == ()
        assert len(list(pool.read(list(greys.items())[:1]))) == 1
        assert len(pool.processes) == 1


def test_images_are_taken_only_as_workers_get_free(tmp_path: Path, greys: dict[str, bytes]) -> None:
    taken: list[str] = []

    def source() -> Iterator[tuple[str, bytes]]:
        for name, data in greys.items():
            taken.append(name)
            yield name, data

    with OcrPool(ScriptedEngine({}), SPEC, workers=1, work=tmp_path) as pool:
        rows = pool.read(source())
        for count, _ in enumerate(rows, start=1):
            assert len(taken) <= count + 1


def test_an_image_that_kills_its_worker_is_tried_twice_and_the_others_go_on(
    tmp_path: Path, greys: dict[str, bytes]
) -> None:
    bad = "grey-050"
    engine = ScriptedEngine(answers(greys), dies_on=[key_of(greys[bad])])
    with OcrPool(engine, SPEC, workers=2, work=tmp_path) as pool:
        rows = {row.image_key: row for row in pool.read(greys.items())}
    assert rows.keys() == greys.keys()
    assert rows[bad].status == "engine_error"
    assert "died (exit status 86) 2 times" in rows[bad].detail
    assert {row.status for name, row in rows.items() if name != bad} == {"ok"}


def test_an_image_that_hangs_is_given_up(tmp_path: Path, greys: dict[str, bytes]) -> None:
    data = greys["grey-050"]
    engine = ScriptedEngine({}, hangs_on=[key_of(data)])
    with OcrPool(engine, SPEC, workers=1, work=tmp_path, image_seconds=0.3) as pool:
        (row,) = pool.read([("k", data)])
    assert (row.status, row.is_kept) == ("engine_error", False)
    assert "hung 2 times" in row.detail


def test_an_engine_that_cannot_be_opened_is_said_at_once(tmp_path: Path, greys: dict[str, bytes]) -> None:
    with (
        OcrPool(ScriptedEngine({}, opens=False), SPEC, workers=2, work=tmp_path) as pool,
        pytest.raises(Unavailable, match="scripted cannot be opened: FileNotFoundError: the script says"),
    ):
        list(pool.read(greys.items()))


def test_a_reader_that_stops_half_way_leaves_a_pool_that_works(tmp_path: Path, greys: dict[str, bytes]) -> None:
    with OcrPool(ScriptedEngine(answers(greys)), SPEC, workers=2, work=tmp_path) as pool:
        rows = pool.read(greys.items())
        next(rows)
        rows.close()  # type: ignore[attr-defined]
        again = [row.image_key for row in pool.read(greys.items())]
    assert sorted(again) == sorted(greys)


def test_an_image_of_a_call_that_was_given_up_gives_no_row_to_the_next(tmp_path: Path, greys: dict[str, bytes]) -> None:
    names = list(greys)
    killer = ScriptedEngine({}, dies_on=[key_of(greys[names[1]])])
    with OcrPool(killer, SPEC, workers=2, work=tmp_path) as pool:
        rows = pool.read((name, greys[name]) for name in names[:2])
        next(rows)  # of the first image; the second kills its worker, and again
        rows.close()  # type: ignore[attr-defined]
        assert {row.image_key for row in pool.read((name, greys[name]) for name in names[2:])} == set(names[2:])


def test_a_worker_that_was_killed_while_it_had_nothing_to_do_costs_no_image_a_try(
    tmp_path: Path, greys: dict[str, bytes]
) -> None:
    with OcrPool(ScriptedEngine({}), SPEC, workers=1, work=tmp_path) as pool:
        list(pool.read(greys.items()))
        (worker,) = pool.processes
        handle = os.pidfd_open(worker)
        os.kill(worker, signal.SIGKILL)
        select.select([handle], [], [], 60)
        os.close(handle)
        assert {row.status for row in pool.read(greys.items())} == {"empty"}
        assert pool.processes != (worker,)


SCRIPT = """
import pathlib, sys
print("main", flush=True)
from mmkp_core.vision.ocr.pool import OcrPool
from mmkp_core.vision.ocr.scripted import ScriptedEngine, pixels_key
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.vision.decoding import decode
data = pathlib.Path(sys.argv[1]).read_bytes()
engine = ScriptedEngine({}, hangs_on=[pixels_key(decode(data))] if sys.argv[3] == "hang" else [])
pool = OcrPool(engine, OcrSpec(skip_textless=False), workers=1, work=pathlib.Path(sys.argv[2]))
print(*[row.status for row in pool.read([("k", data)])], flush=True)
pool.close()
"""


@pytest.mark.parametrize("how", ["console script", "python -c"])
def test_the_main_module_is_not_run_again_in_a_worker(tmp_path: Path, plain: bytes, how: str) -> None:
    (tmp_path / "image").write_bytes(plain)
    (tmp_path / "mmkp").write_text(SCRIPT)  # no ending and no guard, as an unlucky console script
    start = [str(tmp_path / "mmkp")] if how == "console script" else ["-c", SCRIPT]
    done = subprocess.run(
        [sys.executable, *start, str(tmp_path / "image"), str(tmp_path), "read"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.split() == ["main", "empty"]
    assert "main" not in (tmp_path / "worker-0" / "log").read_text()


def test_workers_die_when_their_parent_is_killed(tmp_path: Path, plain: bytes) -> None:
    (tmp_path / "image").write_bytes(plain)
    tell = "def tell():\n    while not pool.processes: pass\n    print(*pool.processes, flush=True)\n"
    start = f"import threading\n{tell}threading.Thread(target=tell).start()\n"
    script = SCRIPT.replace("print(*[row", f"{start}print(*[row")
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "image"), str(tmp_path), "hang"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with parent:
        assert parent.stdout
        assert parent.stdout.readline() == "main\n"
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    ended, _, _ = select.select([worker], [], [], 60)  # readable when the process has ended
    assert ended


def test_a_worker_loads_neither_prefect_nor_torch() -> None:
    code = "import sys, rapidocr; from mmkp_core.vision.ocr import worker, reading, rapid; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not {"torch", "prefect", "transformers"} & set(loaded.split())


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
