"""The README's commands exist, and what it says of the views is so."""

import re
import shlex
from pathlib import Path

import pytest

from flows.command.main import application
from storage.catalog import VIEWS

README = (Path(__file__).resolve().parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.S | re.M)
COMMANDS = sorted(set(re.findall(r"^    (mmkp .*)$", README, re.M)))


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


def test_every_view_is_named() -> None:
    assert [name for name in VIEWS if not re.search(rf"\b{name}\b", README)] == []


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_a_linked_file_is_there(path: str) -> None:
    assert (Path(__file__).resolve().parent.parent / path).exists()
