"""The command line: data on standard output, one sentence for a mistake, the exit status that says whose it was."""

import json
from pathlib import Path

import pytest

from flows.cli import main


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
        (("train", "copi", "--train", "x"), "did you mean 'copy'"),
        (("train", "copy", "--train", "nowhere.txt"), "there is no such file"),
        (("query", "select * from postz"), "posts"),
        (("predict", "--run", "x", "--input", "y", "--output", "z.docx"), "end it in .txt"),
        (("overlap", "--train", "{posts}", "--test", "{posts}", "--threshold", "1.5"), "like 0.8"),
        (("ingest", "{posts}", "--map", "id"), "FIELD=COLUMN"),
        (("ingest", "{folder}/posts.xml"), "is not there"),
        (("bench", "ingst"), "did you mean 'ingest'"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_mistake_is_told_in_one_sentence_with_the_remedy(
    capsys: pytest.CaptureFixture[str], cmkp: Path, arguments: tuple[str, ...], said: str
) -> None:
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


@pytest.mark.usefixtures("home")
def test_a_query_prints_each_format(capsys: pytest.CaptureFixture[str]) -> None:
    sql = "select 1 as n, '=1+1' as t, ['a', 'b'] as l"
    assert json.loads(run(capsys, "query", sql, "--format", "json")[1]) == [{"n": 1, "t": "=1+1", "l": ["a", "b"]}]
    assert run(capsys, "query", sql, "--format", "csv")[1].splitlines() == ["n,t,l", "1,'=1+1,a;b"]
    assert run(capsys, "query", sql)[1].splitlines()[-1].split() == ["1", "=1+1", "a;", "b"]


def test_every_system_is_listed_with_its_needs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["id"]: row for row in json.loads(run(capsys, "systems", "--json")[1])}
    assert {"frequent", "tfidf", "copy", "m3h-att", "m3h-att-as-released"} <= set(rows)
    assert rows["m3h-att"]["needs"] == ["image"]
    assert rows["m3h-att"]["heads"] == ["joint", "generator", "classifier"]
