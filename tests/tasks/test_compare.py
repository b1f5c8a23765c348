"""Which runs can be compared: one system's seeds on a side, each once."""

from types import SimpleNamespace
from typing import Any

import pytest

from mmkp_core.errors import WrongInput
from tasks.compare import _refuse_strangers


def run(system: str, seed: int, epochs: int = 1) -> Any:
    return SimpleNamespace(facts={"system": system, "seed": seed}, spec={"spec": {"epochs": epochs}})


RUNS = {
    "a": run("copy", 0),
    "b": run("copy", 1),
    "same": run("copy", 0),
    "other": run("sft", 2),
    "set": run("copy", 3, 9),
}


def test_seeds_of_one_system_stand_together() -> None:
    _refuse_strangers(["a", "b"], RUNS)


@pytest.mark.parametrize("names", [["a", "a"], ["a", "same"], ["a", "other"], ["a", "set"]])
def test_other_runs_do_not(names: list[str]) -> None:
    with pytest.raises(WrongInput, match="each of another seed"):
        _refuse_strangers(names, RUNS)
