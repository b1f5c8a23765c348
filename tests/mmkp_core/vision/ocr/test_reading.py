"""Every image gives one row, whatever happens to it."""

import io
from pathlib import Path

import pytest
from PIL import Image

from mmkp_core.tables.vision import OCR
from mmkp_core.vision.decoding import Decoded, decode
from mmkp_core.vision.ocr.engine import Line
from mmkp_core.vision.ocr.reading import read_image
from mmkp_core.vision.ocr.rows import ocr_table
from mmkp_core.vision.ocr.scripted import ScriptedEngine, pixels_key
from mmkp_core.vision.ocr.spec import OcrSpec

SPEC = OcrSpec()
BOX = (0.1, 0.1, 0.9, 0.1, 0.9, 0.3, 0.1, 0.3)


def key_of(data: bytes) -> str:
    image = decode(data)
    assert isinstance(image, Decoded)
    return pixels_key(image)


def test_words_come_with_their_lines(slogans: dict[str, bytes]) -> None:
    data = slogans["hot soup"]
    engine = ScriptedEngine({key_of(data): (Line("HOT soup", 0.9, BOX), Line("hm", 0.2, BOX))})
    row = read_image(engine, SPEC, "k", data)
    assert (row.image_key, row.status, row.words, row.engine) == ("k", "ok", "hot soup", "scripted")
    assert [line.text for line in row.lines] == ["HOT soup", "hm"]  # unsure lines are kept as lines
    assert row.is_kept


def test_an_engine_that_finds_nothing_gives_an_empty_row(slogans: dict[str, bytes]) -> None:
    assert read_image(ScriptedEngine({}), SPEC, "k", slogans["welcome"]).status == "empty"


def test_an_engine_does_not_run_where_there_can_be_no_words(plain: bytes) -> None:
    engine = ScriptedEngine({}, fails_on=[key_of(plain)])
    assert read_image(engine, SPEC, "k", plain).status == "no_text"
    assert read_image(engine, OcrSpec(skip_textless=False), "k", plain).status == "engine_error"


def test_a_strip_less_high_than_letters_is_not_read() -> None:
    out = io.BytesIO()
    Image.effect_noise((4000, 3), 90).save(out, "PNG")
    assert read_image(ScriptedEngine({}), OcrSpec(skip_textless=False), "k", out.getvalue()).status == "no_text"


@pytest.mark.parametrize("data", [b"", b"<html>", b"\xff\xd8\xff\xe0 cut"])
def test_a_bad_image_is_a_row_that_is_kept(data: bytes) -> None:
    row = read_image(ScriptedEngine({}), SPEC, "k", data)
    assert (row.status, row.words) == ("unreadable", "")
    assert row.detail
    assert row.is_kept


def test_a_failing_engine_is_a_row_that_is_not_kept(slogans: dict[str, bytes]) -> None:
    data = slogans["welcome"]
    row = read_image(ScriptedEngine({}, fails_on=[key_of(data)]), SPEC, "k", data)
    assert (row.status, row.is_kept) == ("engine_error", False)
    assert "the script says" in row.detail


def test_a_file_that_is_not_there_is_no_property_of_the_image(tmp_path: Path) -> None:
    assert read_image(ScriptedEngine({}), SPEC, "k", tmp_path / "gone").status == "engine_error"


def test_the_table_stands_in_the_order_of_keys(slogans: dict[str, bytes]) -> None:
    data = slogans["welcome"]
    engine = ScriptedEngine({key_of(data): (Line("welcome", 0.75, BOX),)})
    table = ocr_table([read_image(engine, SPEC, "b", data), read_image(engine, SPEC, "a", b"")])
    assert table.schema == OCR.schema
    assert table["image_key"].to_pylist() == ["a", "b"]
    (found,) = table["lines"].to_pylist()[1]
    assert (found["text"], found["score"]) == ("welcome", 0.75)
    assert found["box"] == pytest.approx(BOX)
    assert ocr_table([]).schema == OCR.schema
