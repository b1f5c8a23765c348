"""Vectors come back as they were written, over one part or several."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pydantic import TypeAdapter

from mmkp_core.errors import Mismatch
from mmkp_core.vision.decoding import Decoded
from mmkp_core.vision.features.files import INDEX, FeatureSpec, make_extractor, read_features, write_features


class Brightness:
    """A tiny extractor: two cells of three numbers, all the image's first value."""

    cells, numbers, bound = 2, 3, 32

    def __init__(self, cells: int = 2) -> None:
        self.cells = cells

    def fingerprint(self) -> str:
        return "brightness"

    def open(self) -> None:
        pass

    def extract(self, images: list[Decoded]) -> npt.NDArray[np.float32]:
        values = np.array([image.rgb[0, 0, 0] for image in images], dtype=np.float32)
        return np.broadcast_to(values[:, None, None], (len(images), self.cells, self.numbers)).copy()


def grey(value: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (4, 4), value).save(out, "PNG")
    return out.getvalue()


def part(folder: Path, values: dict[str, int], extractor: Brightness | None = None) -> Path:
    folder.mkdir()
    write_features(extractor or Brightness(), [(key, grey(value)) for key, value in values.items()], folder)
    return folder


def test_one_part_is_a_map_of_its_rows(tmp_path: Path) -> None:
    features = read_features([part(tmp_path / "a", {"x": 10, "y": 20})])
    assert features.matrix.dtype == np.float16
    assert features.matrix.shape == (2, 2, 3)
    vectors, there = features.gather(["y", None, "unknown", "x"])
    assert vectors[:, 0, 0].tolist() == [20, 0, 0, 10]
    assert there.tolist() == [True, False, False, True]


@pytest.mark.parametrize("copied_below", [0, 2**20], ids=["mapped", "copied"])
def test_several_parts_read_as_one(tmp_path: Path, copied_below: int) -> None:
    parts = [part(tmp_path / name, values) for name, values in (("a", {"x": 1, "y": 2}), ("b", {"z": 3, "x": 99}))]
    features = read_features(parts, copied_below=copied_below)
    vectors, there = features.gather(["z", "x", "y"])
    assert vectors[:, 1, 2].tolist() == [3, 1, 2]  # of an image in two parts the first counts
    assert there.all()
    assert features.matrix.shape == (4, 2, 3)


def test_keys_limit_what_can_be_asked_for(tmp_path: Path) -> None:
    features = read_features([part(tmp_path / "a", {"x": 1, "y": 2})], keys={"y"})
    assert features.gather(["x", "y"])[1].tolist() == [False, True]


def test_an_unreadable_image_has_a_row_in_the_index_and_no_vector(tmp_path: Path) -> None:
    written = write_features(Brightness(), [("bad", b"<html>"), ("good", grey(7))], tmp_path)
    assert (written.rows, written.failed) == (1, {"bad": "unreadable"})
    index = pq.read_table(tmp_path / INDEX).to_pylist()
    assert {"image_key": "bad", "row": -1, "status": "unreadable"} in index
    assert read_features([tmp_path]).gather(["bad", "good"])[1].tolist() == [False, True]


def test_a_part_of_no_images_is_still_a_part(tmp_path: Path) -> None:
    features = read_features([part(tmp_path / "none", {}), part(tmp_path / "a", {"x": 5})])
    assert features.gather(["x"])[0].max() == 5
    assert read_features([tmp_path / "none"]).matrix.shape == (0, 2, 3)


def test_parts_of_two_extractors_are_not_mixed(tmp_path: Path) -> None:
    parts = [part(tmp_path / "a", {"x": 1}), part(tmp_path / "b", {"y": 1}, Brightness(cells=4))]
    with pytest.raises(Mismatch, match="different shapes"):
        read_features(parts)


def test_the_default_extractor_needs_no_weights() -> None:
    extractor = make_extractor(FeatureSpec())
    assert (extractor.cells, extractor.numbers) == (49, 23)


def test_the_spec_is_a_form_with_words() -> None:
    form = TypeAdapter(FeatureSpec).json_schema()
    assert "no weights" in form["properties"]["source"]["description"]
