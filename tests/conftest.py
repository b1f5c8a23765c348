"""What tests of every layer share."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.faults import FaultTable

settings.register_profile("tests", deadline=None)  # a busy machine is no failure
settings.load_profile("tests")

ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the test's own, for everything that asks for the configured one."""
    folder = tmp_path / "home"
    monkeypatch.setenv("MMKP_HOME", str(folder))
    monkeypatch.setenv("MMKP_SOURCES", str(tmp_path))
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", action="store_true", help="run the tests of faults, and print a verdict for each")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--faults"):
        config.pluginmanager.register(FaultTable())
