"""A command on a disk that is too small: one sentence that says so, and the same command completes with more room."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmkp_core.data.demo import write_demo
from mmkp_core.data.demo.spec import DemoSpec
from storage.store import Store
from storage.upkeep import verify
from tests.fixtures.small_disk import small_disk

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket, pytest.mark.fault(14)]


def test_a_full_disk_ends_a_command_in_one_sentence_and_costs_nothing_that_was_there(tmp_path: Path) -> None:
    write_demo(DemoSpec(posts=200, seed=3), tmp_path)
    words = [
        sys.executable, "-m", "flows.command", "pipeline", str(tmp_path / "posts.jsonl"), "--name", "mine",
        "--images", str(tmp_path / "images"),
        "--systems", "frequent,copy-ocr", "--set", "systems.copy-ocr.training.epochs=1", "--set", "ocr.engine=rapid",
    ]  # fmt: skip
    seen = []
    with small_disk(tmp_path / "home", "size=1m") as disk:
        log = disk.folder.parent / "log"
        for size in ("1m", "25m", "28m", "34m", "500m"):
            disk.remount(f"size={size}")
            assert list(verify(Store(disk.folder))) == []
            begun = log.stat().st_size if log.exists() else 0
            with log.open("a") as output:
                environment = {**os.environ, "MMKP_HOME": str(disk.folder)}
                status = subprocess.run(words, stdout=output, stderr=output, env=environment, timeout=300).returncode
            said = log.read_text(errors="replace")[begun:]
            seen.append((size, status, said.strip().splitlines()[-1]))
            if status == 0:
                break
            assert "Traceback" not in said, said[-3000:]
            assert "is full" in seen[-1][2], said[-3000:]
        print(*seen, sep="\n")
        assert status == 0
        assert list(verify(Store(disk.folder))) == []
