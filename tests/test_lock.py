"""What is installed is what was locked, byte for byte."""

import re
import tomllib

import pytest

from tests.conftest import ROOT

LOCK = tomllib.loads((ROOT / "uv.lock").read_text())


@pytest.mark.fault(34)
def test_every_file_of_the_lock_has_its_hash() -> None:
    """A wheel with other bytes than were locked is refused by the installer."""
    files = [
        (package["name"], file)
        for package in LOCK["package"]
        if "registry" in package["source"]
        for file in [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    ]
    assert len(files) > 500
    assert [name for name, file in files if not re.fullmatch(r"sha256:[0-9a-f]{64}", file.get("hash", ""))] == []


@pytest.mark.fault(34)
def test_nothing_is_installed_past_the_lock() -> None:
    """`--locked` also refuses a lock that does not fit `pyproject.toml`."""
    scripts = [path for path in (ROOT / ".ci").iterdir() if path.name != "unlocked"]
    lines = [line for path in scripts for line in path.read_text().splitlines()]
    commands = [line for line in lines if re.search(r"\buv (sync|run)\b", line)]
    assert commands
    assert [line for line in commands if "--locked" not in line] == []
