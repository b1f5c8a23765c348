"""What each library says of a full disk, a forbidden folder or missing handles becomes one instruction."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from mmkp_core.disk import explanation, told
from mmkp_core.errors import MmkpError, Unavailable, WrongInput
from tests.fixtures.small_disk import small_disk

SIZE = 3_000_000  # more than the disk of 1 MB holds; random, so that nothing compresses it


def by_arrow(path: Path) -> None:
    pq.write_table(pa.table({"a": [os.urandom(SIZE)]}), path)


def by_duckdb(path: Path) -> None:
    query = (
        "copy (select md5(i::varchar) || md5((i * 7)::varchar) as a from range(100000) r(i)) to '{}' (format parquet)"
    )
    duckdb.connect().execute(query.format(path))


def by_hand(path: Path) -> None:
    path.write_bytes(os.urandom(SIZE))


def by_safetensors(path: Path) -> None:
    save_file({"a": torch.rand(SIZE // 4)}, path)


@pytest.mark.fault(14)
@pytest.mark.parametrize("write", [by_arrow, by_duckdb, by_hand, by_safetensors])
def test_a_full_disk_is_told_with_its_path_its_size_and_what_to_free(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    with small_disk(tmp_path / "disk", "size=1m") as disk:
        (disk.folder / "old").write_bytes(b"kept")
        with pytest.raises(Unavailable) as full, told(disk.folder):
            write(disk.folder / "new")
        assert str(disk.folder) in str(full.value)
        assert " of 1.0 MB free)" in str(full.value)
        assert "`mmkp gc`" in str(full.value)
        assert (disk.folder / "old").read_bytes() == b"kept"
        disk.remount("size=16m")
        with told(disk.folder):
            write(disk.folder / "new")


@pytest.mark.fault(15)
def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", "size=1m,ro") as disk,
        pytest.raises(WrongInput, match=r"disk/new cannot be used: its file system is read-only; --home or MMKP_HOME"),
        told(disk.folder),
    ):
        by_hand(disk.folder / "new")


@pytest.mark.fault(15)
@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.EDQUOT, Unavailable, "is full"),
        (errno.EMFILE, Unavailable, "no file handles are left"),
        (errno.EACCES, WrongInput, "permissions shut this user out"),
        (errno.ENOTDIR, WrongInput, "is a file"),
        (errno.ELOOP, WrongInput, "lead in a circle"),
    ],
)
def test_errors_of_the_system_say_what_to_do(tmp_path: Path, number: int, kind: type[MmkpError], said: str) -> None:
    found = explanation(OSError(number, "words of the system", str(tmp_path / "x")), tmp_path)
    assert type(found) is kind
    assert said in str(found)


def test_the_cause_behind_another_error_counts(tmp_path: Path) -> None:
    error = RuntimeError("the writer failed")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert isinstance(explanation(error, tmp_path), Unavailable)


def test_another_error_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), told(tmp_path):
        (tmp_path / "absent").read_text()
    with pytest.raises(KeyError), told(tmp_path):
        {}["absent"]


def test_a_place_elsewhere_is_no_matter_of_the_home(tmp_path: Path) -> None:
    found = explanation(PermissionError(errno.EACCES, "", "/elsewhere/posts.jsonl"), tmp_path)
    assert str(found) == "/elsewhere/posts.jsonl cannot be used: its permissions shut this user out"
