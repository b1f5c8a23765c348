"""How a flow's signature and docstring become a command, on a flow small enough to see whole."""

from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Le
from prefect import flow

from flows.command import from_flow
from flows.command.main import main
from mmkp_core.spec import spec

Ran = dict[str, Any]


@spec
class Source:
    """A file of posts."""

    path: str = ""
    """The file."""
    format: Literal["auto", "cmkp", "jsonl"] = "auto"
    """Its layout."""
    images: str = ""
    """Its images."""
    ocr: str = ""
    """Words in its images."""
    attributes: str = ""
    """Attribute words of its images."""
    id_prefix: str = ""
    """What ids begin with."""
    columns: dict[str, str] = field(default_factory=dict)
    """Its names for the fields of a post."""
    keyphrases_from: Literal["column", "hashtags"] = "column"
    """Where keyphrases stand."""


@spec
class Inner:
    """A part of the settings."""

    speed: Annotated[float, Ge(0), Le(1)] = 0.5
    """How fast."""
    revision: str = ""
    """Which commit."""


@spec
class Settings:
    """All the rest."""

    inner: Inner = field(default=Inner())
    """A part."""
    systems: dict[str, dict[str, Any]] = field(default_factory=lambda: {"copy": {"training": {"epochs": 8}}})
    """Settings of each system."""


@flow
def press(
    source: Source,
    name: str,
    times: Annotated[int, Ge(1), Le(9)] = 2,
    kind: Literal["clean", "random"] = "clean",
    seeds: list[int] = [0],  # noqa: B006  as flows write it: a form shows the literal default
    append: bool = False,
    settings: Settings = Settings(),  # noqa: B008
    rebuild: bool = False,
) -> str:
    """Press the flowers of a file.

    They keep their colours.

    Args:
        source: The file of flowers.
        name: Of the book.
        times: How often.
        kind: In which way.
        seeds: Of the choices.
        append: To the book of that name.
        settings: All the rest.
        rebuild: Press again.
    """
    return "pressed"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, home: Path) -> Ran:
    """The parameters that the flow of a command was called with."""
    parameters: Ran = {}

    def run_flow(name: str, given: Ran) -> str:
        parameters.update(given)
        return f"ran {name}"

    monkeypatch.setattr("flows.server.deployments.find_flow", lambda name: press)
    monkeypatch.setattr(from_flow, "run_flow", run_flow)
    return parameters


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    path = tmp_path / "wild flowers_src.txt"
    path.write_text("a<sep>b<sep>c\n")
    return path


def press_it(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = 0
    try:
        main(["split", *words])  # a command that is made from its flow as it stands
    except SystemExit as end:
        status = int(end.code or 0)
    out = capsys.readouterr()
    return status, out.out, out.err


def test_what_is_not_said_is_the_flows_own_default(capsys: Any, ran: Ran, flowers: Path) -> None:
    assert press_it(capsys, str(flowers)) == (0, "ran split\n", "")
    assert ran.pop("source") == Source(path=str(flowers))
    assert ran == {
        "name": "wild-flowers_src", "times": 2, "kind": "clean", "seeds": [0], "append": False,
        "settings": Settings(), "rebuild": False,
    }  # fmt: skip


def test_every_option_reaches_its_parameter(capsys: Any, ran: Ran, flowers: Path) -> None:
    words = ["--name", "book", "--times", "3", "--kind", "random", "--seeds", "4,5", "--append", "--rebuild"]
    words += ["--format", "jsonl", "--images", str(flowers.parent), "--map", "text=body,post_id=id"]
    assert press_it(capsys, str(flowers), *words)[0] == 0
    source = ran.pop("source")
    assert (source.format, source.images) == ("jsonl", str(flowers.parent))
    assert source.columns == {"text": "body", "post_id": "id"}
    assert ran == {
        "name": "book", "times": 3, "kind": "random", "seeds": [4, 5], "append": True, "settings": Settings(),
        "rebuild": True,
    }  # fmt: skip


def test_settings_are_said_by_dotted_paths_and_those_of_a_file_count_less(
    capsys: Any, ran: Ran, flowers: Path, tmp_path: Path
) -> None:
    (tmp_path / "s.toml").write_text("[inner]\nspeed = 0.1\n[systems.sft]\nrevision = 'x'\n[systems.copy]\nwords = 9\n")
    config = ["--config", str(tmp_path / "s.toml")]
    pairs = ["--set", "inner.speed=0.2", "--set", "inner.revision=1234567", "--set", "systems.copy.training.epochs=3"]
    assert press_it(capsys, str(flowers), *config, *pairs)[0] == 0
    assert ran["settings"].inner == Inner(speed=0.2, revision="1234567")
    assert ran["settings"].systems == {
        "copy": {"training": {"epochs": 3}, "words": 9}, "sft": {"revision": "x"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--times", "10"], "times = 10: input should be less than or equal to 9"),
        (["--times", "often"], 'unable to convert "often" into int'),
        (["--kind", "clen"], 'Did you mean "clean"?'),
        (["--tims", "3"], "Did you mean --times?"),
        (["--seeds", "0,x"], "seeds.1 = 'x'"),
        (["--set", "inner.sped=0.1"], "did you mean 'speed'?"),
        (["--set", "inner.speed=2"], "inner.speed = 2: input should be less than or equal to 1"),
        (["--set", "inner"], "write NAME=VALUE"),
        (["--set", "times=3"], "times is an option of its own, --times"),
        (["--set", "systems.copi.words=3"], "no system is called 'copi'; did you mean 'copy' or"),
        (
            ["--set", "systems.copy.training.epoch=3"],
            "systems.copy: no setting is called 'epoch'; did you",
        ),
        (["--set", "systems.copy=3"], "systems.copy = 3: input should be a valid dictionary"),
        (["--map", "id"], "FIELD=COLUMN"),
        (["--images", "nowhere"], "nowhere is not there"),
        (["--config", "nowhere.toml"], "--config nowhere.toml"),
    ],
)
def test_a_mistake_is_told_in_one_line_before_anything_runs(
    capsys: Any, ran: Ran, flowers: Path, words: list[str], told: str
) -> None:
    status, out, err = press_it(capsys, str(flowers), *words)
    assert (status, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1
    assert ran == {}


def test_the_help_says_what_the_flow_says(capsys: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    status, out, _ = press_it(capsys, "--help")
    assert status == 0
    for told in ("Press the flowers of a file.", "They keep their colours.", "The file of flowers.", "Press again."):
        assert told in out
    assert "Args:" not in out
    assert "How often. Allowed: 1 to 9. [default: 2]" in out
    assert "In which way. [choices: clean, random] [default: clean]" in out
    assert "Of the book. The file's name unless given." in out
    assert "Where keyphrases stand. [choices: column, hashtags]" in out


def test_parameters_of_the_wrong_type_are_refused_for_callers_too() -> None:
    from flows.command.running import checked
    from mmkp_core.errors import WrongInput

    with pytest.raises(WrongInput, match="did you mean 'times'"):
        checked(press, {"tims": 3})
    with pytest.raises(WrongInput, match=r"settings\.inner\.speed = 3"):
        checked(press, {"settings": {"inner": {"speed": 3}}})
