"""Which weights does a backbone's name stand for? What a run's fingerprint has to know beside its spec."""

import hashlib
from pathlib import Path

from mmkp_core.vlm.spec import TINY, VlmSpec

TINY_WEIGHTS = Path(__file__).parent / "tiny_weights"


def weights_identity(spec: VlmSpec) -> str:
    """Other weights give another text. A hub model goes by its name and revision, files on this machine by content."""
    folder = TINY_WEIGHTS if spec.backbone == TINY else Path(spec.backbone)
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    if not files:
        return f"{spec.backbone}@{spec.revision}"
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as data:
            digest.update(hashlib.file_digest(data, "sha256").digest())
    return digest.hexdigest()[:20]
