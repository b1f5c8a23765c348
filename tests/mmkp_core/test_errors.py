"""Errors go from process to process as they are."""

import pickle

from mmkp_core.errors import UnknownName


def test_an_error_that_needs_more_than_its_message_comes_back_from_another_process() -> None:
    error = UnknownName("system", "copi", ["copy", "sft"])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is UnknownName
    assert str(again) == str(error) == "no system is called 'copi'; did you mean 'copy'?"
