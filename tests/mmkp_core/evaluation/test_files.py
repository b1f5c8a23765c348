"""A file of predictions scored against a file of posts, whatever tool wrote it."""

from pathlib import Path

import pytest

from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.files import evaluate_files

pytestmark = pytest.mark.fault(31)


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold_src.txt"
    path.write_text("one cat<sep>cat<sep>a.jpg\ntwo dogs<sep>dogs<sep>b.jpg\n")
    return path


def f1(gold: Path, predictions: bytes, resamples: int = 0) -> float:
    path = gold.parent / "predictions.txt"
    path.write_bytes(predictions)
    document = evaluate_files(gold, path, None, "cmkp", "cmkp", resamples)
    return float(document["scores"]["all"]["f1@1"])


@pytest.mark.parametrize("written", [b"cat\ndogs\n", b"\xef\xbb\xbfcat\ndogs\n", b"cat\r\ndogs\r\n", b"cat\ndogs"])
def test_lines_are_read_whatever_marks_them(gold: Path, written: bytes) -> None:
    assert f1(gold, written) == 1.0


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("cat\ndogs\n".encode("utf-16"), "UTF-16 or binary"),
        (b"cat\nd\xffgs\n", r":2: not UTF-8 at byte 1"),
        (b"cat\n", "1 line"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(gold: Path, written: bytes, told: str) -> None:
    with pytest.raises(WrongInput, match=told):
        f1(gold, written)


@pytest.mark.parametrize("resamples", [-1, 10**9])
def test_resamples_have_bounds(gold: Path, resamples: int) -> None:
    with pytest.raises(WrongInput, match="resamples"):
        f1(gold, b"cat\ndogs\n", resamples)
