"""What each flow's command makes of the words that a person types, as the flow's parameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.command import from_flow, running, sources
from flows.command.main import main
from mmkp_core.data.formats import Columns
from mmkp_core.identity import ArtifactRef
from mmkp_core.spec import dump

Typed = Callable[[str], dict[str, Any]]


@pytest.fixture
def posts(tmp_path: Path, home: Path) -> Path:
    path = tmp_path / "mine_src.txt"
    path.write_text("go team go<sep>go team<sep>http://x/1.jpg\n")
    return path


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, posts: Path) -> Typed:
    """Type a command; get the parameters that its flow would be called with, as plain values."""
    got: dict[str, Any] = {}

    def run_flow(name: str, parameters: dict[str, Any]) -> str:
        got.clear()
        got.update(flow=name, **parameters)
        return f"{name}/fingerprint"

    def type_command(words: str) -> dict[str, Any]:
        main([word.replace("POSTS", str(posts)) for word in words.split()])
        return {name: dump(value) for name, value in got.items()}

    monkeypatch.setattr(from_flow, "run_flow", run_flow)
    monkeypatch.setattr(from_flow, "refuse_unknown_name", lambda kind, name: None)
    monkeypatch.setattr(sources, "names_in_store", lambda: {"demo"})
    return type_command


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        ("demo --posts 160 --seed 3 --systems frequent,copy", {
            "posts": 160, "seed": 3, "systems": ["frequent", "copy"],
        }),
        ("demo --rebuild", {"flow": "demo", "rebuild": True}),
        ("ingest POSTS", {"name": "mine_src", "append": False, "rebuild": False}),
        ("ingest POSTS --name mine --append", {"name": "mine", "append": True}),
        ("pipeline POSTS --systems copy,tfidf --seed 2", {"name": "mine_src", "systems": ["copy", "tfidf"], "seed": 2}),
        ("enrich demo", {"flow": "enrich", "dataset": "demo"}),
        ("split demo --kind purged --name other", {"dataset": "demo", "kind": "purged", "name": "other"}),
        ("teach demo --model scripted", {"split": "demo", "model": "scripted"}),
        ("report demo", {"flow": "report", "split": "demo"}),
        ("train copy --train demo --seed 4 --name c4", {"system": "copy", "data": "demo", "seed": 4, "name": "c4"}),
        ("train copy --train demo --valid-share 0.3", {"valid_share": 0.3}),
        ("benchmark --systems copy,tfidf --splits demo,two --seeds 0,1,2 --name wide", {
            "systems": ["copy", "tfidf"], "splits": ["demo", "two"], "seeds": [0, 1, 2], "name": "wide",
        }),
        ("retrain demo --system m3h-att --champion night --seed 1", {
            "dataset": "demo", "system": "m3h-att", "champion": "night", "seed": 1,
        }),
    ],
)  # fmt: skip
def test_the_words_of_a_command_are_its_flows_parameters(typed: Typed, words: str, parameters: dict[str, Any]) -> None:
    found = typed(words)
    assert {name: found[name] for name in parameters} == parameters


def test_a_file_of_posts_brings_what_belongs_to_it(typed: Typed, posts: Path) -> None:
    words = f"ingest POSTS --format csv --images {posts.parent} --ocr POSTS --attributes POSTS"
    source = typed(f"{words} --map post_id=id,text=body --keyphrases-from hashtags")["source"]
    assert source == {
        "path": str(posts), "format": "csv", "images": str(posts.parent), "ocr": str(posts), "attributes": str(posts),
        "columns": dump(Columns(post_id="id", text="body")), "keyphrases_from": "hashtags", "id_prefix": "",
    }  # fmt: skip


def test_data_is_a_name_in_the_store_or_a_file(typed: Typed, posts: Path) -> None:
    named = typed("train copy --train demo")
    assert (named["data"], "source" in named) == ("demo", False)
    file = typed("train copy --train POSTS --valid POSTS --ocr POSTS --format cmkp")
    assert "data" not in file
    assert (file["source"]["path"], file["source"]["ocr"]) == (str(posts), str(posts))
    assert (file["valid"]["path"], file["valid"]["format"], file["valid"]["ocr"]) == (str(posts), "cmkp", "")


def test_the_settings_of_train_are_those_of_its_system(typed: Typed) -> None:
    found = typed("train copy --train demo --set training.epochs=3 --set decoding.beam=2")
    assert found["settings"] == {"training": {"epochs": 3}, "decoding": {"beam": 2}}


def test_the_settings_of_several_systems_are_said_by_system(typed: Typed) -> None:
    found = typed("demo --set systems.copy.training.epochs=3")
    assert found["settings"]["systems"]["copy"]["training"]["epochs"] == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("train copi --train demo", "did you mean 'copy'"),
        ("train copy --train dmo", "did you mean 'demo'"),
        ("train copy --train nowhere.txt", "there is no such file"),
        ("train copy --train demo --set training.epoch=3", "did you mean 'epochs'"),
        ("train copy --train demo --valid POSTS --valid-share 0.5", "not both"),
        ("train copy", "--train"),
        ("demo --systems copy,tfidff", "did you mean 'tfidf'"),
        ("benchmark --systems copy", "--splits"),
        ("split demo --kind purgd", 'Did you mean "purged"'),
        ("ingest nowhere.xml", "is not there"),
        ("predict --run x --input demo --output z.docx", "end it in .txt"),
        ("predict --input demo --output z.txt", "--run"),
    ],
)
def test_a_mistake_starts_nothing(typed: Typed, capsys: pytest.CaptureFixture[str], words: str, told: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        typed(words)
    err = capsys.readouterr().err
    assert told in err
    assert len(err.splitlines()) == 1


def test_predict_writes_its_phrases_after_the_flow(
    typed: Typed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written: list[Any] = []
    monkeypatch.setattr("storage.prediction_files.write_predictions", lambda *given: written.append(given[1:]) or 3)
    found = typed(f"predict --run mine --input demo --inputs text --head joint --output {tmp_path}/said.txt")
    assert (found["run"], found["data"], found["inputs"]) == ("mine", "demo", "text")
    assert written == [(ArtifactRef("predict", "fingerprint"), tmp_path / "said.txt", "joint")]
    assert capsys.readouterr() == (f"{tmp_path}/said.txt\n", "phrases for 3 posts\n")


def test_a_name_that_nothing_bears_is_told_before_a_server_starts(home: Path) -> None:
    from mmkp_core.errors import UnknownName

    with pytest.raises(UnknownName, match="there is none yet"):
        running.refuse_unknown_name("dataset", "demo")
