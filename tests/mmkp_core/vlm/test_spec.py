import subprocess
import sys
from dataclasses import replace

import pytest
from pydantic import TypeAdapter, ValidationError

from mmkp_core.spec import changed
from mmkp_core.vlm.methods.dynamic_cot import DynamicCot
from mmkp_core.vlm.methods.sft import Sft
from mmkp_core.vlm.methods.table import METHODS
from mmkp_core.vlm.methods.zero_shot import ZeroShot
from mmkp_core.vlm.spec import VlmSpec
from mmkp_core.vlm.systems import VLM_SYSTEMS


def test_the_table_of_systems_loads_nothing_heavy() -> None:
    code = "import sys, mmkp_core.vlm.systems; assert not {'torch', 'transformers', 'cv2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_form_says_what_each_field_means() -> None:
    for row in METHODS:
        properties = TypeAdapter(row.spec).json_schema()["properties"]
        assert all("description" in field for name, field in properties.items() if name != "method")
    schema = TypeAdapter(DynamicCot).json_schema()
    assert schema["properties"]["gate_granularity"]["enum"] == ["sample", "micro_batch", "global_batch"]
    schema = TypeAdapter(VlmSpec).json_schema()
    assert all("description" in field for field in schema["properties"].values())


def test_a_method_is_told_by_its_name() -> None:
    spec = TypeAdapter(VlmSpec).validate_python({"method": {"method": "zero-shot"}, "modalities": "text"})
    assert spec.method == ZeroShot()
    spec = TypeAdapter(VlmSpec).validate_python({"method": {"method": "dynamic-cot", "gamma": 0.25}})
    assert spec.method == DynamicCot(gamma=0.25)


@pytest.mark.parametrize("wrong", [{"micro_batch": 0}, {"modalities": "sound"}, {"lora": {"dropout": 1.0}}])
def test_values_out_of_bounds_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(VlmSpec).validate_python(wrong)


def test_the_trainings_settings_have_dotted_names() -> None:
    assert changed(VlmSpec(), {"training.epochs": 7, "method.loss_average": "per_token"}) == VlmSpec(
        method=Sft(loss_average="per_token"), training=replace(VlmSpec().training, epochs=7)
    )


def test_each_system_has_its_own_method() -> None:
    assert [system.id for system in VLM_SYSTEMS] == [system.spec.method.method for system in VLM_SYSTEMS]
