"""What tests of every layer share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the test's own, for everything that asks for the configured one."""
    folder = tmp_path / "home"
    monkeypatch.setenv("MMKP_HOME", str(folder))
    monkeypatch.setenv("MMKP_SOURCES", str(tmp_path))
    return folder
