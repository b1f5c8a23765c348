"""Says which weights a backbone's name stands for; a run's address rests on it beside its spec."""

import functools
import hashlib
from pathlib import Path

from mmkp_core.vlm.settings import TINY, TINY_WEIGHTS

DESCRIPTIONS = ("record.json", "README.md")  # change neither a token nor a weight


def weights_identity(backbone: str, revision: str) -> str:
    """Other weights, tokens or picture sizes give another text.

    Files on this machine go by content, a hub model by the commit that is in the cache.
    """
    folder = TINY_WEIGHTS if backbone == TINY else Path(backbone)
    if not folder.is_dir():
        return f"{backbone}@{_cached_commit(backbone, revision) or revision}"
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in DESCRIPTIONS)
    return _digest(tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files))


@functools.lru_cache(maxsize=16)
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _, _ in files:
        with path.open("rb") as data:
            digest.update(path.name.encode() + b"\0" + hashlib.file_digest(data, "sha256").digest())
    return digest.hexdigest()[:20]


def _cached_commit(backbone: str, revision: str) -> str:
    """The commit whose files a loader finds now; empty where none are there."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(backbone, "config.json", revision=revision or None)
    except HFValidationError:  # a path, not a name on the hub
        return ""
    return Path(found).parent.name if isinstance(found, str) else ""
