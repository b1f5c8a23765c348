"""The folder of a vision-language run: its spec and its adapter, as `peft` saves it; the backbone stays where it is.

A zero-shot system's folder holds its spec alone.
"""

import json
from pathlib import Path

from mmkp_core.errors import Damaged, WrongInput
from mmkp_core.spec import dump, load
from mmkp_core.vlm.spec import VlmSpec

SPEC = "spec.json"
ADAPTER = "adapter"


def save_spec(model: Path, spec: VlmSpec) -> None:
    model.mkdir(parents=True, exist_ok=True)
    (model / SPEC).write_text(json.dumps(dump(spec), indent=1), encoding="utf-8")


def saved_spec(model: Path) -> VlmSpec:
    try:
        return load(VlmSpec, json.loads((model / SPEC).read_text(encoding="utf-8")))
    except (OSError, ValueError, WrongInput) as problem:
        raise Damaged(f"{model / SPEC} is no spec of a vision-language run ({problem}); train anew") from problem
