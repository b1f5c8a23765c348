import subprocess
import sys
from dataclasses import fields, replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from mmkp_core.vision.entities import EntitySpec


@pytest.mark.parametrize("spec", [TeacherSpec, TeacherLimits, EntitySpec])
def test_a_spec_is_a_form(spec: Any) -> None:
    properties = TypeAdapter(spec).json_schema()["properties"]
    assert properties.keys() == {field.name for field in fields(spec)}
    assert all(entry["description"] and "default" in entry for entry in properties.values())


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        (TeacherSpec, {"mode": "guess"}), (TeacherSpec, {"accept_f1": 0}), (TeacherSpec, {"model": ""}),
        (TeacherLimits, {"concurrency": 0}), (TeacherLimits, {"budget_tokens": -1}), (EntitySpec, {"most": 0}),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_the_form(spec: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(spec).validate_python(wrong)


def test_whatever_changes_a_rationale_changes_the_engine() -> None:
    engines = {TeacherSpec().engine}
    for change in ({"model": "m"}, {"mode": "solve"}, {"temperature": 1.0}, {"accept_f1": 0.9}):
        engines.add(replace(TeacherSpec(), **change).engine)
    assert len(engines) == 5


def test_the_acceptance_bound_asks_nothing_else() -> None:
    assert TeacherSpec(accept_f1=0.9).journal_key == TeacherSpec().journal_key != TeacherSpec(mode="solve").journal_key


def test_specs_load_nothing_heavy() -> None:
    code = "import sys, mmkp_core.teacher.spec, mmkp_core.vision.entities, mmkp_core.prompts.student\n"
    code += "print([m for m in ('torch', 'cv2', 'openai', 'pyarrow', 'PIL', 'nltk') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
