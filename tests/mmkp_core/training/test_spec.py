import pytest
from pydantic import TypeAdapter, ValidationError

from mmkp_core.reference.spec import ReferenceSpec
from mmkp_core.training.spec import TrainingSpec


@pytest.mark.parametrize("spec", [TrainingSpec, ReferenceSpec])
def test_every_field_of_a_form_says_what_it_is(spec: type) -> None:
    schema = TypeAdapter(spec).json_schema()

    assert all(field.get("description") for field in schema["properties"].values())


def test_a_form_refuses_what_makes_no_sense() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(TrainingSpec).validate_python({"learning_rate": -1})
