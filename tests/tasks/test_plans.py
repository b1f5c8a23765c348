"""A system's settings change by dotted name, checked as a form would check them."""

import pytest

from mmkp_core.errors import UnknownName, WrongInput
from tasks.plans import find_system, flat, has_setting, run_plan


def test_a_setting_deep_inside_is_changed_and_the_table_is_not() -> None:
    plan = run_plan("copy", {"training.epochs": 3})
    assert plan.spec.training.epochs == 3
    assert find_system("copy").spec.training.epochs != 3


def test_text_from_a_command_line_becomes_the_settings_type() -> None:
    assert run_plan("copy", {"training.learning_rate": "1e-4"}).spec.training.learning_rate == 1e-4


@pytest.mark.parametrize("value", [-1, "many", 10**9])
def test_a_value_out_of_bounds_is_refused_by_name(value: object) -> None:
    with pytest.raises(WrongInput, match=r"training\.epochs"):
        run_plan("copy", {"training.epochs": value})


def test_a_mistyped_setting_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'epochs'"):
        run_plan("copy", {"training.epoch": 3})


def test_a_mistyped_system_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'm3h-att'"):
        find_system("m3h-at")


def test_nested_settings_are_flattened() -> None:
    assert flat({"decoding": {"beam": 5}, "seed": 1}) == {"decoding.beam": 5, "seed": 1}


def test_reference_lines_are_not_trained_step_by_step() -> None:
    assert has_setting("copy", "training.epochs")
    assert not has_setting("frequent", "training.epochs")
