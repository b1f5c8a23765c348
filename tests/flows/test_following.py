"""Whatever imports a flow under `mmkp serve` ends with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from flows import FOLLOW
from mmkp_core.locks import open_lock, try_lock

ROOT = Path(__file__).resolve().parents[2]


def test_a_process_that_imports_flows_ends_when_the_lock_it_follows_is_given_up(tmp_path: Path) -> None:
    lock = open_lock(tmp_path / "serve.lock")
    assert try_lock(lock)
    code = "import sys, flows; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, FOLLOW: str(tmp_path / "serve.lock")},
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        assert process.poll() is None
        os.close(lock)
        assert process.wait(20) == -signal.SIGTERM
