"""The command line: data on standard output, one sentence for a mistake, the exit status that says whose it was."""

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.utilities.callables import parameter_docstrings

from flows.command.main import main, take_home
from flows.command.table import OWN, Command, commands

ROOT = Path(__file__).resolve().parents[3]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = 0
    try:
        main(arguments)
    except SystemExit as end:
        status = int(end.code or 0)
    out = capsys.readouterr()
    return status, out.out, out.err


@pytest.fixture
def cmkp(tmp_path: Path) -> Path:
    path = tmp_path / "posts_src.txt"
    rows = ["go team go<sep>go team<sep>http://x/1.jpg", "quiet night<sep>sleep;night<sep>http://x/2.jpg"]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.usefixtures("home")
def test_evaluate_prints_the_documented_json(capsys: pytest.CaptureFixture[str], cmkp: Path, tmp_path: Path) -> None:
    (tmp_path / "said.txt").write_text("go team\nnight;dream\n")
    status, out, _ = run(
        capsys,
        "evaluate",
        "--gold",
        str(cmkp),
        "--predictions",
        str(tmp_path / "said.txt"),
        "--train",
        str(cmkp),
        "--json",
    )
    document = json.loads(out)
    assert status == 0
    assert (document["protocol"], document["posts"]) == ("cmkp", 2)
    # post 1: P@1 = 1, R@1 = 1; post 2: P@1 = 1, R@1 = 1/2; F1 of the means 1 and 3/4 is 6/7
    assert document["scores"]["all"]["f1@1"] == pytest.approx(6 / 7)
    assert set(document["scores"]) >= {"all", "present", "absent", "seen"}


@pytest.mark.usefixtures("home")
def test_predictions_for_other_posts_are_refused(
    capsys: pytest.CaptureFixture[str], cmkp: Path, tmp_path: Path
) -> None:
    (tmp_path / "said.txt").write_text("go team\n")
    status, out, err = run(capsys, "evaluate", "--gold", str(cmkp), "--predictions", str(tmp_path / "said.txt"))
    assert (status, out) == (2, "")
    assert "1 lines of predictions for 2 rows" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("serv",), "did you mean 'serve'"),
        (("query", "select * from postz"), "posts"),
        (("query", "select 1", "--format", "jsn"), 'Did you mean "json"'),
        (("overlap", "--train", "{posts}", "--test", "{posts}", "--threshold", "1.5"), "like 0.8"),
        (("overlap", "--trian", "{posts}", "--test", "{posts}"), "Did you mean --train"),
        (("evaluate", "--gold", "{folder}/none.txt", "--predictions", "{posts}"), "there is no such file"),
        (("compare", "mine", "--confidence", "2", "other"), "like 0.95"),
        (("compare", "mine", "other"), "no run is called 'mine'"),
        (("champion", "promote", "mine"), "no run is called 'mine'"),
        (("champion", "rollback"), "has no earlier run to go back to"),
        (("champion", "promote"), "name the run that takes the name"),
        (("champion", "lst"), 'Did you mean "list"'),
        (("notify", "hooks.example.org"), "starts with https"),
        (("settings", "copi"), "did you mean 'copy'"),
        (("settings", "train"), "mmkp settings SYSTEM"),
        (("bench", "ingst"), "did you mean 'ingest'"),
        (("systems", "--home"), "name the folder"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_the_remedy(
    home: Path, capsys: pytest.CaptureFixture[str], cmkp: Path, arguments: tuple[str, ...], said: str
) -> None:
    home.mkdir()
    named = [argument.format(posts=cmkp, folder=cmkp.parent) for argument in arguments]
    status, out, err = run(capsys, *named)
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.usefixtures("home")
def test_a_file_overlaps_itself_wholly(capsys: pytest.CaptureFixture[str], cmkp: Path) -> None:
    status, out, _ = run(capsys, "overlap", "--train", str(cmkp), "--test", str(cmkp), "--json")
    document = json.loads(out)
    assert status == 0
    assert document["posts"] == {"train": 2, "test": 2}
    assert document["test_posts"]["identical_text"] == document["test_posts"]["near_text"] == 2
    assert document["test_posts"]["shared_image_name"] == 2
    assert document["labels"] == {"occurrences": 3, "occurrences_seen": 3, "distinct": 3, "distinct_seen": 3}


@pytest.mark.fault(28)
def test_a_query_prints_each_format(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    sql = "select 1 as n, '=1+1' as t, ['a', 'b'] as l"
    assert json.loads(run(capsys, "query", sql, "--format", "json")[1]) == [{"n": 1, "t": "=1+1", "l": ["a", "b"]}]
    assert run(capsys, "query", sql, "--format", "csv")[1].splitlines() == ["n,t,l", "1,'=1+1,a;b"]
    assert run(capsys, "query", sql)[1].splitlines()[-1].split() == ["1", "=1+1", "a;", "b"]


@pytest.mark.parametrize("command", [("query", "select 1"), ("verify",), ("gc",)])
def test_a_home_that_is_not_there_is_no_empty_store(
    home: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    assert run(capsys, *command) == (2, "", f"mmkp: there is no store at {home}; --home or MMKP_HOME names the folder "
                                            "that was written to\n")  # fmt: skip
    assert not home.exists()


@pytest.mark.fault(15)
@pytest.mark.parametrize("command", [("ingest", "{posts}", "--name", "a"), ("compare", "a", "b"), ("champion", "list")])
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_home_that_is_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...],
    below: str,
) -> None:  # fmt: skip
    (tmp_path / "file").write_text("text")
    monkeypatch.setenv("MMKP_HOME", str(tmp_path / "file" / below))
    (tmp_path / "posts.jsonl").write_text('{"post_id": "1", "text": "one"}\n')
    status, _, err = run(capsys, *(word.format(posts=tmp_path / "posts.jsonl") for word in command))
    assert status == 2
    assert "is a file; --home or MMKP_HOME names another place" in err
    assert len(err.splitlines()) == 1


def test_home_may_stand_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMKP_HOME", "before")
    assert take_home(["demo", "--home", "here", "--posts", "3"]) == ["demo", "--posts", "3"]
    assert os.environ["MMKP_HOME"] == "here"
    assert take_home(["--home=s3://bucket/a", "gc"]) == ["gc"]
    assert os.environ["MMKP_HOME"] == "s3://bucket/a"


def test_the_help_lists_every_command_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--help")
    assert (status, err) == (0, "")
    assert run(capsys)[1] == out
    listed = re.findall(r"^  (\w+) ", out, re.M)
    assert listed == list(commands())
    assert "--home" in out


def test_the_help_loads_nothing_heavy() -> None:
    code = "import sys; from flows.command.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {"torch", "prefect", "numpy", "pyarrow", "duckdb", "pydantic", "cyclopts", "rich"}


@pytest.mark.parametrize("command", [command for command in commands().values() if command.where], ids=lambda c: c.name)
def test_a_command_of_its_own_has_the_line_of_its_docstring(command: Command) -> None:
    about = inspect.getdoc(command.load()) or ""
    assert about.splitlines()[0] == command.about


def test_every_option_of_every_command_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for command in OWN:
        function = command.load()
        told = parameter_docstrings(function.__doc__)
        assert set(told) == set(inspect.signature(function).parameters), command.name


def test_every_system_is_listed_with_its_needs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["id"]: row for row in json.loads(run(capsys, "systems", "--json")[1])}
    assert {"frequent", "tfidf", "copy", "m3h-att", "m3h-att-as-released"} <= set(rows)
    assert rows["m3h-att"]["needs"] == ["image"]
    assert rows["m3h-att"]["heads"] == ["joint", "generator", "classifier"]
    told = {line.split()[0]: line for line in run(capsys, "systems")[1].splitlines()}
    assert told.keys() == {"system", *rows}
    for system, read in (
        ("frequent", "-"), ("copy", "own words"), ("copy-ocr", "own words, image words"), ("vgg", "vectors (vgg16)"),
        ("m3h-att", "own words, image words, attributes, vectors (grid)"), ("zero-shot", "own words, picture"),
    ):  # fmt: skip
        assert told[system].endswith(read), system


@pytest.mark.parametrize(
    "sql", ["select nonsense", "select error('stop') from range(3)", "select * from read_csv('/etc/passwd')", "selec 1"]
)
def test_a_query_that_fails_leaves_nothing_to_complain_of(tmp_path: Path, sql: str) -> None:
    """Objects of DuckDB that outlive the interpreter are listed by its bindings, in forty lines."""
    words = [sys.executable, "-m", "flows.command", "query", sql, "--home", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_defect_keeps_its_traceback_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import sys, duckdb; from flows.command import main\n"
        "def run(words):\n    held = duckdb.connect(); held.sql('select nonsense')\n"
        "main.run = run; main.main(['query'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback") and "BinderException" in done.stderr
    assert "nanobind" not in done.stderr
