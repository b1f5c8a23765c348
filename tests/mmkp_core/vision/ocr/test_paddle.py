"""PaddleOCR reads the bundled models: the glue in the fast tier, the engine itself in a drill (ten seconds to load)."""

import json
from pathlib import Path

import pytest

from mmkp_core.errors import WrongInput
from mmkp_core.vision.ocr.engines import make_engine
from mmkp_core.vision.ocr.models import find_models
from mmkp_core.vision.ocr.paddle import model_name, write_model_folders
from mmkp_core.vision.ocr.pool import OcrPool
from mmkp_core.vision.ocr.spec import OcrSpec


def test_the_model_folders_hold_what_paddle_asks_for(tmp_path: Path) -> None:
    models = write_model_folders(find_models(OcrSpec()), tmp_path)
    again = write_model_folders(find_models(OcrSpec()), tmp_path)  # a work folder may be used twice
    assert models == again
    assert models.det.read_bytes() == find_models(OcrSpec()).det.read_bytes()
    assert model_name(models.det.with_name("inference.yml")) == "PP-OCRv6_small_det"
    assert model_name(models.rec.with_name("inference.yml")) == "PP-OCRv6_small_rec"
    settings = json.loads(models.rec.with_name("inference.yml").read_text())
    characters = settings["PostProcess"]["character_dict"]
    assert len(characters) == 18_708  # with blank and space the 18,710 outputs of the model
    assert set("abcABC019é免コ") <= set(characters)


def test_the_settings_are_yaml_as_paddle_reads_them(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    models = write_model_folders(find_models(OcrSpec()), tmp_path)
    path = models.det.with_name("inference.yml")
    assert yaml.safe_load(path.read_text()) == json.loads(path.read_text())


def test_a_model_name_is_found_in_paddles_own_way_of_writing(tmp_path: Path) -> None:
    path = tmp_path / "inference.yml"
    path.write_text("Global:\n  model_name: PP-OCRv5_server_det\nPreProcess:\n")
    assert model_name(path) == "PP-OCRv5_server_det"
    path.write_text("PreProcess:\n")
    with pytest.raises(WrongInput, match=r"names no Global\.model_name"):
        model_name(path)


@pytest.mark.drill
def test_painted_words_are_read(tmp_path: Path, slogans: dict[str, bytes], plain: bytes) -> None:
    spec = OcrSpec(engine="paddle", skip_textless=False)
    images = {**slogans, "nothing": plain}
    with OcrPool(make_engine(spec), spec, workers=1, work=tmp_path) as pool:
        rows = {row.image_key: row for row in pool.read(images.items())}
    assert {key: row.words for key, row in rows.items()} == {**{text: text for text in slogans}, "nothing": ""}
    assert rows["nothing"].status == "empty"
    assert (tmp_path / "worker-0" / "paddlex").exists()  # and not in the home folder
