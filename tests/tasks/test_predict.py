"""An adapter is used only on the weights that it was trained on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmkp_core.errors import Mismatch
from mmkp_core.identity import canonical
from mmkp_core.vlm.spec import VlmSpec
from mmkp_core.vlm.weights import weights_identity
from tasks.predict import require_same_weights


def run_on(backbone: Path) -> Any:
    spec = VlmSpec(backbone=str(backbone))
    recorded = canonical({"spec": spec, "weights": weights_identity(spec)})
    return SimpleNamespace(facts={"family": "vlm"}, spec=recorded, ref="run/0")


@pytest.mark.parametrize("changed", ["model.safetensors", "tokenizer.json", "config.json"])
def test_another_backbone_under_the_same_name_is_refused(tmp_path: Path, changed: str) -> None:
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        (tmp_path / name).write_text(name)
    run = run_on(tmp_path)
    require_same_weights(run, "mine")
    (tmp_path / changed).write_text("something else")
    with pytest.raises(Mismatch, match="is not the one it was trained on"):
        require_same_weights(run, "mine")


def test_other_families_have_no_backbone() -> None:
    require_same_weights(SimpleNamespace(facts={"family": "classic"}, spec={}, ref="run/0"), "mine")  # type: ignore[arg-type]
