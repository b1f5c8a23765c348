from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.post import Prediction
from mmkp_core.data.prediction_files import read_predictions, write_predictions
from mmkp_core.errors import Mismatch, WrongInput

MADE = [Prediction("a", ("kca", "i heart awards"), (0.5, 0.25)), Prediction("b", ()), Prediction("c", ("got",), (1.0,))]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_predictions_come_back_in_the_order_asked(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"predictions.{ending}"
    write_predictions(path, MADE)
    assert read_predictions(path, ["c", "a", "b"]) == [MADE[2], MADE[0], MADE[1]]


def test_lines_of_phrases_have_a_line_for_each_row(tmp_path: Path) -> None:
    path = tmp_path / "predictions.txt"
    write_predictions(path, MADE, rows=["b", None, "a", "c"])
    assert path.read_text() == "\n\nkca;i heart awards\ngot\n"
    found = read_predictions(path, ["b", "gone", "a", "c"])
    assert [one.phrases for one in found] == [(), (), ("kca", "i heart awards"), ("got",)]


def test_lines_without_rows_follow_the_predictions(tmp_path: Path) -> None:
    path = tmp_path / "predictions.txt"
    write_predictions(path, [Prediction("a", ("x;y", "two\nlines", "z"))])
    assert path.read_text() == "x y;two lines;z\n"


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_predictions_for_other_posts_are_a_mismatch(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"predictions.{ending}"
    write_predictions(path, MADE)
    with pytest.raises(Mismatch, match=r"1 posts without a prediction \(d\), 1 predictions for other posts \(c\)"):
        read_predictions(path, ["a", "b", "d"])
    write_predictions(path, [*MADE, MADE[0]])
    with pytest.raises(Mismatch, match="1 posts have two predictions"):
        read_predictions(path, ["a", "b", "c"])


def test_too_few_lines_and_too_few_predictions(tmp_path: Path) -> None:
    path = tmp_path / "predictions.txt"
    path.write_text("a\nb\n")
    with pytest.raises(Mismatch, match="2 lines for 3 posts"):
        read_predictions(path, ["1", "2", "3"])
    with pytest.raises(Mismatch, match="no prediction for 1 posts, the first 'd'"):
        write_predictions(path, MADE, rows=["a", "d"])


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"post_id":"a"}', b'{"post_id":"a","phrases":"x"}', b'{"post_id":"a","phrases":[1]}']
)
def test_a_bad_line_names_its_place(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(b'{"post_id":"b","phrases":[]}\n' + line)
    with pytest.raises(WrongInput, match=r"predictions.jsonl:2: "):
        read_predictions(path, ["a", "b"])


def test_other_files_are_told(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    path.write_bytes(b"no table")
    with pytest.raises(WrongInput, match="no Parquet file of predictions"):
        read_predictions(path, [])
    (tmp_path / "predictions.txt").write_bytes(b"\xff\n")
    with pytest.raises(WrongInput, match=r"predictions.txt:1: not UTF-8"):
        read_predictions(tmp_path / "predictions.txt", ["a"])


PHRASES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


@given(st.lists(st.lists(PHRASES, max_size=4), max_size=4))
def test_any_phrases_come_back(tmp_path_factory: pytest.TempPathFactory, phrases: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("p") / "predictions.jsonl"
    made = [
        Prediction(str(i), tuple(of_post), tuple(float(k) for k in range(len(of_post))))
        for i, of_post in enumerate(phrases)
    ]
    write_predictions(path, made)
    assert read_predictions(path, [one.post_id for one in made]) == made
