from typing import Any, get_args

import pytest

from mmkp_core.vlm.methods.table import METHODS, Method, row_of
from mmkp_core.vlm.objective import MethodObjective


def test_the_form_offers_the_methods_of_the_table() -> None:
    assert get_args(Method) == tuple(row.spec for row in METHODS)


@pytest.mark.parametrize("row", METHODS, ids=lambda row: row.spec.__name__)
def test_a_row_is_found_by_its_spec_and_its_objective_is_made_from_that(row: Any, student: Any) -> None:
    assert row_of(row.spec()) is row
    if row.objective is not None:
        assert isinstance(row.objective(student.vlm, row.spec()), MethodObjective)


def test_methods_have_names_of_their_own() -> None:
    assert len({row.spec().method for row in METHODS}) == len(METHODS)
