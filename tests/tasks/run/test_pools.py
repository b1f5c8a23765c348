"""Warm OCR pools: a task needs a spec alone, tasks of one process share its workers, and these end with it."""

import os
import pickle
import select
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmkp_core.data.demo.drawing import draw_picture
from mmkp_core.data.demo.facts import Picture
from mmkp_core.vision.ocr.engines import make_engine
from mmkp_core.vision.ocr.pool import OcrPool
from mmkp_core.vision.ocr.rows import ocr_table
from mmkp_core.vision.ocr.spec import OcrSpec
from tasks.run.pools import close_pools, warm_pool

ROOT = Path(__file__).resolve().parents[3]
SPEC = OcrSpec(engine="rapid")
WORDS = ("hot soup", "welcome")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("images")
    found = {words: folder / f"{number}.png" for number, words in enumerate(WORDS)}
    for words, path in found.items():
        draw_picture(Picture("slogan", words=words, variant="test")).save(path)
    return found


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    close_pools()


def read(task: bytes) -> dict[str, str]:
    """A task's work, from its pickled arguments."""
    spec, images, work = pickle.loads(task)
    return {row.image_key: row.words for row in warm_pool(spec, workers=1, work=work).read(images.items())}


def test_two_tasks_at_once_read_by_one_pool_what_a_pool_of_their_own_reads(
    tmp_path: Path, images: dict[str, Path]
) -> None:
    first, second = dict(list(images.items())[:1]), dict(list(images.items())[1:])
    tasks = [pickle.dumps((SPEC, part, tmp_path / "warm")) for part in (first, second)]
    with ThreadPoolExecutor() as threads:
        one, other = threads.map(read, tasks)
    with OcrPool(make_engine(SPEC), SPEC, workers=1, work=tmp_path / "own") as pool:
        own = ocr_table(pool.read(images.items()))
    assert one | other == dict(zip(own["image_key"].to_pylist(), own["words"].to_pylist(), strict=True))
    assert set((one | other).values()) == set(WORDS)
    assert len(warm_pool(SPEC, workers=9, work=tmp_path).processes) == 1


def test_an_engine_has_one_pool_and_another_engine_another(tmp_path: Path) -> None:
    pool = warm_pool(SPEC, workers=1, work=tmp_path)
    assert warm_pool(OcrSpec(engine="rapid"), workers=2, work=tmp_path / "elsewhere") is pool
    assert warm_pool(OcrSpec(engine="rapid", min_score=0.7), workers=1, work=tmp_path) is not pool
    close_pools()
    assert warm_pool(SPEC, workers=1, work=tmp_path) is not pool


OWNER = """
import pathlib, sys
from mmkp_core.vision.ocr.spec import OcrSpec
from tasks.run.pools import warm_pool
pool = warm_pool(OcrSpec(engine="rapid"), workers=1, work=pathlib.Path(sys.argv[2]))
print(*[row.words for row in pool.read([("k", pathlib.Path(sys.argv[1]))])], flush=True)
print(*pool.processes, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "finished"])
def test_the_workers_end_with_the_process_that_owns_them(tmp_path: Path, images: dict[str, Path], killed: bool) -> None:
    command = [sys.executable, "-c", OWNER, str(images["welcome"]), str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as owner:
        assert owner.stdout and owner.stdin
        assert owner.stdout.readline() == "welcome\n"
        worker = os.pidfd_open(int(owner.stdout.readline()))
        if killed:
            owner.kill()
        owner.stdin.close()
    assert select.select([worker], [], [], 20)[0], "a worker outlived its owner"
    os.close(worker)
