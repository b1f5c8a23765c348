"""Vectors come back as they were written, over one part or several."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mmkp_core.errors import Mismatch
from mmkp_core.vision.features.files import INDEX, read_features, write_features
from tests.mmkp_core.vision.features.brightness import Brightness, grey


def part(folder: Path, values: dict[str, int], extractor: Brightness | None = None) -> Path:
    folder.mkdir()
    write_features(extractor or Brightness(), [(key, grey(value)) for key, value in values.items()], folder)
    return folder


def test_one_part_is_a_map_of_its_rows(tmp_path: Path) -> None:
    features = read_features([part(tmp_path / "a", {"x": 10, "y": 20})])
    assert features.matrix.dtype == np.float16
    assert features.matrix.shape == (2, 2, 3)
    vectors, mask = features.gather(["y", None, "unknown", "x"])
    assert vectors[:, 0, 0].tolist() == [20, 0, 0, 10]
    assert mask[:, 0].tolist() == [True, False, False, True]


@pytest.mark.parametrize("copied_below", [0, 2**20], ids=["mapped", "copied"])
def test_several_parts_read_as_one(tmp_path: Path, copied_below: int) -> None:
    parts = [part(tmp_path / name, values) for name, values in (("a", {"x": 1, "y": 2}), ("b", {"z": 3, "x": 99}))]
    features = read_features(parts, copied_below=copied_below)
    vectors, mask = features.gather(["z", "x", "y"])
    assert vectors[:, 1, 2].tolist() == [3, 1, 2]  # of an image in two parts the first counts
    assert mask.all()
    assert features.matrix.shape == (4, 2, 3)


def test_keys_limit_what_can_be_asked_for(tmp_path: Path) -> None:
    features = read_features([part(tmp_path / "a", {"x": 1, "y": 2})], keys={"y"})
    assert features.gather(["x", "y"])[1].tolist() == [[False, False], [True, True]]


@pytest.mark.parametrize("copied_below", [0, 2**20], ids=["mapped", "copied"])
def test_each_image_keeps_its_own_number_of_cells(tmp_path: Path, copied_below: int) -> None:
    parts = [part(tmp_path / "a", {"dark": 7, "bright": 200}), part(tmp_path / "b", {"white": 250})]
    features = read_features(parts, copied_below=copied_below)
    vectors, mask = features.gather(["bright", "white", "dark"])

    assert mask.tolist() == [[True, False], [True, False], [True, True]]
    assert vectors[:, :, 0].tolist() == [[200, 0], [250, 0], [7, 7]]
    assert pq.read_table(tmp_path / "a" / INDEX)["cells"].to_pylist() == [2, 1]


def test_an_unreadable_image_has_a_row_in_the_index_and_no_vector(tmp_path: Path) -> None:
    written = write_features(Brightness(), [("bad", b"<html>"), ("good", grey(7))], tmp_path)
    assert (written.rows, written.failed) == (1, {"bad": "unreadable"})
    index = pq.read_table(tmp_path / INDEX).to_pylist()
    assert {"image_key": "bad", "row": -1, "cells": 0, "status": "unreadable"} in index
    assert read_features([tmp_path]).gather(["bad", "good"])[1].tolist() == [[False, False], [True, True]]


def test_a_part_of_no_images_is_still_a_part(tmp_path: Path) -> None:
    features = read_features([part(tmp_path / "none", {}), part(tmp_path / "a", {"x": 5})])
    assert features.gather(["x"])[0].max() == 5
    assert read_features([tmp_path / "none"]).matrix.shape == (0, 2, 3)


def test_parts_of_two_extractors_are_not_mixed(tmp_path: Path) -> None:
    parts = [part(tmp_path / "a", {"x": 1}), part(tmp_path / "b", {"y": 1}, Brightness(cells=4))]
    with pytest.raises(Mismatch, match="different shapes"):
        read_features(parts)
