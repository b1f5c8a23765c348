import math
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.errors import Damaged
from mmkp_core.vlm.folder import save_spec, saved_spec
from mmkp_core.vlm.methods.dynamic_cot import DynamicCot
from mmkp_core.vlm.spec import VlmSpec
from mmkp_core.vlm.systems import VLM_SYSTEMS


@pytest.mark.parametrize("system", VLM_SYSTEMS, ids=lambda system: system.id)
def test_every_systems_spec_comes_back(system: Any, tmp_path: Path) -> None:
    save_spec(tmp_path / "model", system.spec)
    assert saved_spec(tmp_path / "model") == system.spec


def test_a_gate_at_infinity_comes_back(tmp_path: Path) -> None:
    spec = VlmSpec(method=DynamicCot(gamma=-math.inf))
    save_spec(tmp_path, spec)
    assert saved_spec(tmp_path) == spec


@pytest.mark.parametrize("found", ['{"method": {"method": "sft"', '{"backbone": "tiny", "colour": "red"}', "[]"])
def test_a_damaged_spec_is_an_instruction(found: str, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(found)
    with pytest.raises(Damaged, match=r"spec\.json.* train anew"):
        saved_spec(tmp_path)


def test_a_missing_spec_is_an_instruction(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="train anew"):
        saved_spec(tmp_path)
