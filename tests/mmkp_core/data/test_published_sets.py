"""The figures that are published of the sets, counted anew where the sets are at hand."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.phrases import distinct, is_present
from mmkp_core.data.text import overlap_form, source_form
from mmkp_core.data.trc import read_trc_labels


@pytest.fixture(scope="module")
def cmkp(published: Path, read_files: Any) -> Any:
    folder = published / "cmkp"
    files = SourceFiles(
        posts=(folder / "valid_src.txt",),
        ocr=folder / "valid_ocr_final.txt",
        attributes=folder / "valid_attribute_cleaned.txt",
    )
    return read_files(files, IngestSpec(format="cmkp"))


def test_cmkp_is_read_whole(cmkp: Any) -> None:
    phrases = [phrase for post in cmkp.posts for phrase in post.keyphrases]
    assert (len(cmkp.posts), len(phrases), len(set(phrases))) == (5370, 7185, 2544)
    assert cmkp.quarantine == []
    assert {post.split_hint for post in cmkp.posts} == {"valid"}


def test_cmkp_side_files_are_read_whole(cmkp: Any) -> None:
    assert sum(row["words"] != "" for row in cmkp.sides["ocr"]) == 890
    assert {len(row["attributes"]) for row in cmkp.sides["attributes"]} == {5}


def test_present_keyphrases_of_cmkp(cmkp: Any) -> None:
    pairs = [(phrase, source_form(post.text)) for post in cmkp.posts for phrase in distinct(post.keyphrases)]
    assert (sum(is_present(phrase, source) for phrase, source in pairs), len(pairs)) == (2584, 7177)


def test_repeated_texts_of_cmkp(cmkp: Any) -> None:
    def repeats(forms: list[str]) -> int:
        return len(forms) - len(set(forms))

    assert repeats(cmkp.texts) == 20
    assert repeats([overlap_form(text) for text in cmkp.texts]) == 23


def test_three_formats_of_the_same_posts_agree(cmkp: Any, published: Path, read_files: Any) -> None:
    mm_mkp = read_files(SourceFiles(posts=(published / "mm-mkp/valid_ocr_kw.txt",)), IngestSpec(format="mm-mkp"))
    aimkp = read_files(SourceFiles(posts=(published / "aimkp/valid.json",)), IngestSpec(format="aimkp"))
    for other in (mm_mkp, aimkp):
        assert [(post.text, post.keyphrases) for post in other.posts] == [
            (post.text, post.keyphrases) for post in cmkp.posts
        ]
        assert other.quarantine == []
    matches = mm_mkp.sides["matches"]
    assert round(sum(row["score"] > 0.5 for row in matches) / len(matches), 3) == 0.734
    assert sum(row["words"] != "" for row in mm_mkp.sides["ocr"]) == 1691


def test_the_classes_of_trc(published: Path, read_files: Any) -> None:
    files = SourceFiles(posts=(published / "trc/textimage-data.csv",))
    found = read_files(files, IngestSpec(format="trc"))
    relations = Counter(post.extra["relation"] for post in found.posts)
    assert relations == {"R1": 830, "R2": 1147, "R3": 981, "R4": 1513}
    splits = Counter((post.split_hint, post.extra["image_adds"]) for post in found.posts)
    assert splits == {("train", False): 2015, ("train", True): 1561, ("test", False): 479, ("test", True): 416}
    labels, bad = read_trc_labels(published / "trc/textimage.csv")
    assert (len(labels), len(bad)) == (4409, 62)
    by_id = {post.post_id: post.extra for post in found.posts}
    assert all(by_id[tweet]["image_adds"] == one.image_adds for tweet, one in labels.items())
