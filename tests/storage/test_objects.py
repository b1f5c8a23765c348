"""Where a store is, and what its scratch folders let others do."""

import os
from pathlib import Path

import fsspec
import pytest

from mmkp_core.errors import MmkpError, Unavailable, WrongInput
from storage.objects import Objects, _make_private


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    objects = Objects(f"file://{tmp_path}/home")
    assert (objects.is_local, objects.base) == (True, f"{tmp_path}/home")


def test_unfinished_work_of_a_remote_store_is_this_users_alone(temporary: Path) -> None:
    folder = Objects("memory://somewhere").scratch("staging")
    assert folder.parent.parent == temporary
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_a_link_that_lies_in_its_place_is_not_followed(temporary: Path) -> None:
    objects = Objects("memory://somewhere")
    root = objects.scratch("staging").parent
    os.rename(root, temporary / "theirs")
    root.symlink_to(temporary / "theirs")
    with pytest.raises(MmkpError, match="no folder of this user"):
        objects.scratch("staging")


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _make_private(tmp_path / "mine")
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(MmkpError, match="no folder of this user"):
        _make_private(tmp_path / "mine")


def test_a_missing_package_names_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(url: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(Unavailable, match=r"pip install 'mmkp\[s3\]'"):
        Objects("s3://posts/home")


def test_a_protocol_that_nobody_knows_is_refused() -> None:
    with pytest.raises(WrongInput, match="nowhere://posts is no folder and no URL of a store"):
        Objects("nowhere://posts")
