"""One new post is read as a data set's posts are."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmkp_core.data.demo.facts import DemoPost, demo_facts
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.demo.writing import image_bytes
from mmkp_core.data.post import Example, Post
from mmkp_core.errors import Transient
from mmkp_core.vision.attributes import AttributeSpec, attributes_table
from mmkp_core.vision.decoding import Decoded, decode
from mmkp_core.vision.features.files import read_features, write_features
from mmkp_core.vision.features.table import FeatureSpec, make_extractor
from mmkp_core.vision.measured_attributes import measure
from mmkp_core.vision.ocr.engines import make_engine
from mmkp_core.vision.ocr.reading import read_image
from mmkp_core.vision.ocr.rows import ocr_table
from mmkp_core.vision.ocr.scripted import ScriptedEngine, pixels_key
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.vision.reading import PostReader

OCR, ATTRIBUTES, FEATURES = OcrSpec(engine="rapid"), AttributeSpec(), FeatureSpec()


@pytest.fixture(scope="module")
def images() -> dict[str, bytes]:
    """An icon, painted words and a scene, by their hash."""
    motifs: dict[str, DemoPost] = {}
    for post in demo_facts(DemoSpec(posts=60)):
        if post.picture and not post.fault:
            motifs.setdefault(post.picture.motif, post)
    files = [image_bytes(post) for post in motifs.values()]
    assert len(files) == 3
    return {hashlib.sha256(data).hexdigest(): data for data in files}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostReader]:
    work = tmp_path_factory.mktemp("ocr")
    with PostReader(work=work, ocr=OCR, attributes=ATTRIBUTES, features=FEATURES) as opened:
        yield opened


def test_a_new_post_is_read_as_the_rows_of_a_data_set_are(
    reader: PostReader, images: dict[str, bytes], tmp_path: Path
) -> None:
    engine = make_engine(OCR)
    engine.open(tmp_path / "ocr")
    words = {
        row["image_key"]: row["words"]
        for row in ocr_table(read_image(engine, OCR, key, data) for key, data in images.items()).to_pylist()
    }
    attributes = {
        row["image_key"]: tuple(row["attributes"])
        for row in attributes_table(measure(key, data, ATTRIBUTES) for key, data in images.items()).to_pylist()
    }
    write_features(make_extractor(FEATURES), images.items(), tmp_path)
    stored = read_features([tmp_path])

    for key, data in images.items():
        post = Post(post_id="new", text="what is this")
        found = reader.read(post, data)

        assert found.example == Example(
            post=replace(post, image=key), image_words=words[key], attributes=attributes[key]
        )
        assert found.features is not None
        assert np.array_equal(found.features.gather([key])[0], stored.gather([key])[0])
        assert found.features.matrix.dtype == stored.matrix.dtype
    assert any(words.values()) and all(attributes.values())


def test_a_post_without_an_image_has_only_its_text(reader: PostReader) -> None:
    post = Post(post_id="new", text="no picture")

    found = reader.read(post, None)

    assert found.example == Example(post=post)
    assert found.features is not None and found.features.rows == {}
    vectors, mask = found.features.gather([None])
    assert vectors.shape == (1, 49, 23) and not mask.any()


def test_an_image_that_cannot_be_read_leaves_everything_empty(reader: PostReader) -> None:
    found = reader.read(Post(post_id="new", text="broken"), b"<html>")

    assert (found.example.image_words, found.example.attributes) == ("", ())
    assert found.features is not None and found.features.rows == {}


def test_what_a_system_does_not_read_opens_nothing(tmp_path: Path, images: dict[str, bytes]) -> None:
    with PostReader(work=tmp_path, attributes=ATTRIBUTES) as reader:
        found = reader.read(Post(post_id="new", text="t"), next(iter(images.values())))

    assert found.features is None
    assert found.example.image_words == "" and found.example.attributes


def test_a_failing_engine_is_an_error_and_not_an_image_without_words(
    tmp_path: Path, images: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = next(data for data in images.values())
    image = decode(data)
    assert isinstance(image, Decoded)
    failing = ScriptedEngine({}, fails_on=[pixels_key(image)])
    monkeypatch.setattr("mmkp_core.vision.reading.make_engine", lambda spec: failing)

    with (
        PostReader(work=tmp_path, ocr=OcrSpec(skip_textless=False)) as reader,
        pytest.raises(Transient, match="try again"),
    ):
        reader.read(Post(post_id="new", text="t"), data)
