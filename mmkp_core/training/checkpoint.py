"""Checkpoints, from which a killed training goes on as if nothing had happened.

A checkpoint is a folder of safetensors and JSON with the SHA-256 of each file, written aside and renamed when
complete. It holds the trained weights, the optimiser's moments and the loop's counters. Random numbers need no
saving: every step draws from a seed made of the run's seed and the step's place. Frozen weights are not saved: a
checkpoint of an adapter is small.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mmkp_core.errors import Damaged, Mismatch
from mmkp_core.identity import sha256_of
from mmkp_core.learning import CurvePoint


@dataclass(slots=True, kw_only=True)
class LoopState:
    """Where a training loop stands."""

    identity: str
    """What is trained on what; a checkpoint of anything else is refused."""
    epoch: int = 1
    step_in_epoch: int = 0
    step: int = 0
    halvings: int = 0
    epochs_without_gain: int = 0
    best: float | None = None
    best_epoch: int = 0
    finished: bool = False
    sums: dict[str, tuple[float, float]] = field(default_factory=dict)
    curve: list[CurvePoint] = field(default_factory=list)
    objective: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(folder: Path, state: LoopState, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Publish a checkpoint and remove the one before it."""
    folder.mkdir(parents=True, exist_ok=True)
    earlier = _checkpoints(folder)
    unfinished = folder / "unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir()
    save_file(trained_tensors(model), unfinished / "model.safetensors")
    save_file(_moments(model, optimiser), unfinished / "optimiser.safetensors")
    (unfinished / "loop.json").write_text(json.dumps(asdict(state)), encoding="utf-8")
    hashes = {path.name: sha256_of(path) for path in sorted(unfinished.iterdir())}
    (unfinished / _HASHES).write_text(json.dumps(hashes), encoding="utf-8")
    for path in unfinished.iterdir():
        _flush(path)
    number = int(earlier[-1].name.removeprefix(_PREFIX)) + 1 if earlier else 1
    os.replace(unfinished, folder / f"{_PREFIX}{number:08d}")
    _flush(folder)
    for old in earlier:
        shutil.rmtree(old)


def load_checkpoint(
    folder: Path, identity: str, model: nn.Module, optimiser: torch.optim.Optimizer
) -> LoopState | None:
    """Put model and optimiser where the newest checkpoint left them; None where there is none."""
    found = _checkpoints(folder)
    if not found:
        return None
    newest = found[-1]
    try:
        for name, hashed in json.loads((newest / _HASHES).read_text(encoding="utf-8")).items():
            _check(newest / name, hashed)
        raw = json.loads((newest / "loop.json").read_text(encoding="utf-8"))
        weights = load_file(newest / "model.safetensors")
        moments = load_file(newest / "optimiser.safetensors")
    except (OSError, ValueError, SafetensorError) as problem:
        raise Damaged(f"checkpoint {newest} cannot be read ({problem}); delete {folder} to train anew") from problem
    if raw["identity"] != identity:
        raise Mismatch(f"checkpoint {newest} belongs to another training; give this one a folder of its own")
    put_tensors(model, weights)
    by_name = _optimised(model, optimiser)
    for key, value in moments.items():
        name, part = key.rsplit("/", 1)
        optimiser.state[by_name[name]][part] = value.to(by_name[name].device if part != "step" else "cpu")
    raw["curve"] = [CurvePoint(**point) for point in raw["curve"]]
    raw["sums"] = {name: (total, count) for name, (total, count) in raw["sums"].items()}
    return LoopState(**raw)


def save_best(folder: Path, epoch: int, model: nn.Module) -> None:
    """Keep this epoch's weights; the earlier best stays until `drop_other_best`, for the checkpoint that names it."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "unfinished.safetensors"
    save_file(trained_tensors(model), unfinished)
    best = _best(folder, epoch)
    _hash_of(best).write_text(sha256_of(unfinished), encoding="utf-8")
    _flush(_hash_of(best))
    _flush(unfinished)
    os.replace(unfinished, best)


def drop_other_best(folder: Path, epoch: int) -> None:
    kept = _best(folder, epoch)
    for path in folder.glob("best-*"):
        if path not in (kept, _hash_of(kept)):
            path.unlink()


def load_best(folder: Path, epoch: int, model: nn.Module) -> None:
    best = _best(folder, epoch)
    try:
        _check(best, _hash_of(best).read_text(encoding="utf-8"))
        put_tensors(model, load_file(best))
    except (OSError, ValueError, SafetensorError) as problem:
        raise Damaged(f"{best} cannot be read ({problem}); delete {folder} to train anew") from problem


def trained_tensors(model: nn.Module) -> dict[str, Tensor]:
    """What training can change: weights that take a gradient, and buffers."""
    tensors = {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}
    tensors |= dict(model.named_buffers())
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def put_tensors(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy `tensors` into the model's own of the same names."""
    own = dict(model.named_parameters()) | dict(model.named_buffers())
    unfitting = sorted(name for name in tensors if name not in own or own[name].shape != tensors[name].shape)
    if unfitting:
        raise Mismatch(f"the saved weights are of another model: {', '.join(unfitting[:5])} do not fit")
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)


_PREFIX = "checkpoint-"
_HASHES = "sha256.json"


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{_PREFIX}*"))


def _best(folder: Path, epoch: int) -> Path:
    return folder / f"best-{epoch:04d}.safetensors"


def _hash_of(best: Path) -> Path:
    return best.with_suffix(".sha256")


def _check(path: Path, hashed: str) -> None:
    if sha256_of(path) != hashed:
        raise ValueError(f"{path.name} has other bytes than were written")


def _optimised(model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, nn.Parameter]:
    optimised = {id(p) for group in optimiser.param_groups for p in group["params"]}
    return {name: p for name, p in model.named_parameters() if id(p) in optimised}


def _moments(model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{name}/{part}": value
        for name, parameter in _optimised(model, optimiser).items()
        for part, value in optimiser.state.get(parameter, {}).items()
    }


def _flush(path: Path) -> None:
    """Have the bytes, or a folder's entries, on the disk before anything points at them."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
