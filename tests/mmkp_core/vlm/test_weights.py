from pathlib import Path

from mmkp_core.vlm.settings import TINY
from mmkp_core.vlm.weights import weights_identity


def test_weights_are_told_apart_by_their_bytes(backbone_folder: Path, tmp_path: Path) -> None:
    for path in backbone_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert weights_identity(str(backbone_folder), "") == weights_identity(str(tmp_path), "")
    data = bytearray((tmp_path / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(data)
    assert weights_identity(str(backbone_folder), "") != weights_identity(str(tmp_path), "")
    assert weights_identity("org/model", "abc") == "org/model@abc"


def test_the_tiny_backbone_is_its_content() -> None:
    assert len(weights_identity(TINY, "")) == 20
