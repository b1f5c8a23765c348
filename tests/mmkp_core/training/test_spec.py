import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.reference.spec import ReferenceSpec
from mmkp_core.training.spec import TrainingSpec


@pytest.mark.parametrize("spec", [TrainingSpec, ClassicSpec, ReferenceSpec])
def test_every_field_of_a_form_says_what_it_is(spec: type) -> None:
    schema = TypeAdapter(spec).json_schema()

    assert all(field.get("description") for field in schema["properties"].values())


def test_a_form_refuses_what_makes_no_sense() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(TrainingSpec).validate_python({"learning_rate": -1})
    with pytest.raises(ValidationError):
        TypeAdapter(ClassicSpec).validate_python({"fusion": "hope"})


def test_the_table_of_systems_loads_no_heavy_library() -> None:
    code = (
        "import sys, mmkp_core.systems;"
        "print([name for name in ('torch', 'scipy', 'accelerate', 'nltk', 'cv2') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
