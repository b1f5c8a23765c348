"""RapidOCR reads what is painted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mmkp_core.vision.ocr.engine import AbstractOcrEngine
from mmkp_core.vision.ocr.engines import make_engine
from mmkp_core.vision.ocr.reading import read_image
from mmkp_core.vision.ocr.spec import OcrSpec

SPEC = OcrSpec(engine="rapid", skip_textless=False)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AbstractOcrEngine]:
    engine = make_engine(SPEC)
    engine.open(tmp_path_factory.mktemp("rapid"))
    yield engine
    engine.close()


def test_painted_words_are_read_with_boxes_inside_the_image(
    engine: AbstractOcrEngine, slogans: dict[str, bytes]
) -> None:
    for text, data in slogans.items():
        row = read_image(engine, SPEC, "k", data)
        assert (row.status, row.words) == ("ok", text)
        assert all(-0.05 <= place <= 1.05 for line in row.lines for place in line.box)
        assert all(len(line.box) == 8 and 0.6 <= line.score <= 1 for line in row.lines)


def test_a_plain_image_has_no_lines(engine: AbstractOcrEngine, plain: bytes) -> None:
    row = read_image(engine, SPEC, "k", plain)
    assert (row.status, row.lines) == ("empty", ())


def test_a_folder_of_models_works_as_the_bundled_ones(tmp_path: Path, slogans: dict[str, bytes]) -> None:
    from mmkp_core.vision.ocr.models import find_models

    bundled = find_models(SPEC)
    for role, source in (("det", bundled.det), ("rec", bundled.rec)):
        (tmp_path / role).mkdir()
        (tmp_path / role / "inference.onnx").symlink_to(source)
    spec = OcrSpec(engine="rapid", models=str(tmp_path))
    engine = make_engine(spec)
    engine.open(tmp_path)
    assert read_image(engine, spec, "k", slogans["welcome"]).words == "welcome"
