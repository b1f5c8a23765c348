"""What an engine is known by, and why one cannot be had."""

import importlib.util
import shutil
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name

import pytest
from pydantic import TypeAdapter

from mmkp_core.errors import Unavailable
from mmkp_core.vision.ocr.engines import OCR_ENGINES, engine_fingerprint, make_engine, unavailable
from mmkp_core.vision.ocr.models import BUNDLED, find_models
from mmkp_core.vision.ocr.spec import OcrSpec

RAPID = OcrSpec(engine="rapid")


def models_in(folder: Path) -> Path:
    bundled = find_models(RAPID).det.parent
    for role in ("det", "rec"):
        (folder / role).mkdir(parents=True)
        shutil.copy(bundled / BUNDLED[role], folder / role / "inference.onnx")
    return folder


def test_this_machine_has_both_engines() -> None:
    assert unavailable(OcrSpec(engine="paddle")) == ""
    assert unavailable(RAPID) == ""


def test_every_row_of_the_table_names_an_engine_of_that_name() -> None:
    assert {name: resolve_name(row.engine).name for name, row in OCR_ENGINES.items()} == {
        name: name for name in OCR_ENGINES
    }


def test_a_missing_package_is_named_with_the_other_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "paddleocr" else real(name))

    assert unavailable(OcrSpec()) == "package paddleocr is missing; pip install paddleocr, or set ocr.engine=rapid"
    assert unavailable(RAPID) == ""


def test_every_setting_changes_the_fingerprint() -> None:
    others = [
        OcrSpec(),
        replace(RAPID, side_limit=480),
        replace(RAPID, angle_classifier=True),
        replace(RAPID, min_score=0.5),
        replace(RAPID, skip_textless=False),
    ]
    prints = [engine_fingerprint(spec) for spec in (RAPID, *others)]
    assert len(set(prints)) == len(prints)
    assert engine_fingerprint(OcrSpec(engine="rapid")) == prints[0]


def test_models_count_by_their_bytes_and_not_by_their_place(tmp_path: Path) -> None:
    elsewhere = replace(RAPID, models=str(models_in(tmp_path / "one")))
    assert engine_fingerprint(elsewhere) == engine_fingerprint(RAPID)
    with (tmp_path / "one" / "rec" / "inference.onnx").open("ab") as file:
        file.write(b"\0")
    assert engine_fingerprint(elsewhere) != engine_fingerprint(RAPID)


def test_a_missing_model_is_named_with_what_to_do(tmp_path: Path) -> None:
    spec = replace(RAPID, models=str(tmp_path))
    assert f"{tmp_path}/det/inference.onnx is missing" in unavailable(spec)
    with pytest.raises(Unavailable, match=r"ocr\.models=bundled"):
        make_engine(spec)


def test_paddle_wants_the_settings_file_of_each_model(tmp_path: Path) -> None:
    spec = OcrSpec(engine="paddle", models=str(models_in(tmp_path / "m")))
    assert "det/inference.yml is missing" in unavailable(spec)


def test_paddle_has_no_bundled_angle_classifier() -> None:
    assert "set ocr.engine=rapid" in unavailable(OcrSpec(engine="paddle", angle_classifier=True))
    assert unavailable(replace(RAPID, angle_classifier=True)) == ""


def test_the_spec_is_a_form_with_choices_bounds_and_words() -> None:
    form = TypeAdapter(OcrSpec).json_schema()["properties"]
    assert form["engine"]["enum"] == list(OCR_ENGINES)
    assert (form["min_score"]["minimum"], form["min_score"]["maximum"]) == (0, 1)
    assert all(field["description"] for field in form.values())
