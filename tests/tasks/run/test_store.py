"""Which store the environment names."""

from pathlib import Path

import pytest

from mmkp_core.errors import WrongInput
from tasks.run.store import home


def test_the_store_is_a_folder_or_a_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for given, found in (
        ("", f"{tmp_path}/mmkp-data"), ("here", f"{tmp_path}/here"), (f"file://{tmp_path}/x", f"{tmp_path}/x"),
        ("s3://posts/home", "s3://posts/home"),
    ):  # fmt: skip
        monkeypatch.setenv("MMKP_HOME", given)
        assert home() == found


def test_a_store_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMKP_HOME", "memory://posts")
    with pytest.raises(WrongInput, match="gone with its process"):
        home()
