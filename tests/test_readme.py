"""What README and docs/OPERATING.md name exists: commands, settings, views, queries and files."""

import re
import shlex
from collections.abc import Iterator
from inspect import Parameter, signature
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flows.command.given import check_systems, given_settings
from flows.command.main import application
from flows.server.deployments import find_flow
from mmkp_core.systems import find_system
from mmkp_core.tables.views import VIEWS
from storage import catalog
from storage.store import Store

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
BOTH = README + (ROOT / "docs" / "OPERATING.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.S | re.M)
COMMANDS = sorted(set(re.findall(r"^    (mmkp .*)$", BOTH, re.M)))
SPOKEN = sorted({" ".join(words.split()) for words in re.findall(r"`(mmkp\s[^`]+)`", BOTH)})
"""Commands within a sentence, which may leave out what must be given."""
PATHS = sorted(set(re.findall(r"\]\(([^)#:]+)\)", README)))
MODULES = sorted(set(re.findall(r"python -m ([\w.]+)", BOTH)))


def queries() -> Iterator[str]:
    """Every SELECT of the README, given to a command or standing by itself."""
    yield from re.findall(r"^    mmkp query \"(.*)\"$", README, re.M)
    yield from re.findall(r"^    (select .*\n(?:    .*\n)*)", README, re.M)


def settings_of(words: list[str]) -> Any:
    """The settings that `--set` changes: a flow's, and for `train` the system's own."""
    if words[0] == "train":
        return find_system(words[1]).spec
    return signature(find_flow(words[0]).fn, eval_str=True).parameters["settings"].default


def test_the_first_block_runs_the_demo_and_the_second_the_tests() -> None:
    assert BLOCKS[0].strip() == "pip install uv && uv run mmkp demo"
    assert BLOCKS[1].strip() == "uv run pytest"


def test_the_first_result_comes_within_25_lines() -> None:
    assert "docs/report.png" in "\n".join(README.splitlines()[:25])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_shown_exists_with_its_options(command: str) -> None:
    words = shlex.split(command)[1:]
    function, _, _ = application(words[0]).parse_args(words)

    assert function.__name__ == words[0]


@pytest.mark.parametrize("spoken", SPOKEN)
def test_a_command_within_a_sentence_exists_with_its_options(spoken: str) -> None:
    words = shlex.split(spoken)[1:]
    command = application(words[0])[words[0]].default_command
    assert command
    known = signature(command).parameters.values()
    options = {f"--{option.name.replace('_', '-')}" for option in known if option.kind is Parameter.KEYWORD_ONLY}

    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("command", [words for words in (*COMMANDS, *SPOKEN) if " --set " in words])
def test_a_setting_that_is_changed_exists_and_takes_the_value(command: str) -> None:
    words = shlex.split(command)[1:]
    pairs = [word for option, word in pairwise(words) if option == "--set"]
    changed, _ = given_settings(settings_of(words), pairs, None)

    check_systems(changed)


def test_the_views_are_named_in_the_catalogs_order_and_no_others() -> None:
    [named] = re.findall(r"^Views: `([^`]+)`", README, re.M)

    assert named.split() == list(VIEWS)


def test_the_views_that_say_current_are_named() -> None:
    [named] = re.findall(r"leaves such rows out \(in\s+`([^`]+)`\)", README)
    runs = {name for name, view in VIEWS.items() if {"run", "current"} <= {column.name for column in view.columns}}

    assert set(named.split()) == runs


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_runs(query: str, tmp_path: Path) -> None:
    with catalog.connect(Store(tmp_path)) as connection:
        assert connection.sql(query).fetchall() == []


@pytest.mark.parametrize("path", PATHS)
def test_a_linked_file_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_is_to_be_run_is_there(module: str) -> None:
    assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
