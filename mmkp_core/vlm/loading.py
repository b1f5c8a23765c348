"""Opens the backbone of a spec on a device of this machine."""

import torch

from mmkp_core.vlm.backbone import Vlm, load_backbone
from mmkp_core.vlm.spec import VlmSpec


def chosen_device(name: str) -> torch.device:
    """`auto` takes a GPU where there is one."""
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def open_backbone(spec: VlmSpec, device: torch.device, *, download: bool) -> Vlm:
    dtype = torch.bfloat16 if spec.training.precision == "bf16" else torch.float32
    return load_backbone(spec.backbone, spec.revision, device=device, dtype=dtype, download=download)
