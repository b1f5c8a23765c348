"""Flows read only where the operator allows, and know a file by what it holds."""

from pathlib import Path

import pytest

from mmkp_core.errors import WrongInput
from tasks.run.sources import Source, allowed, content_hash, name_of


def test_a_file_below_an_allowed_folder_is_read(home: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text("")
    assert allowed("posts.jsonl") == (tmp_path / "posts.jsonl").resolve()
    assert allowed(str(tmp_path / "posts.jsonl")) == (tmp_path / "posts.jsonl").resolve()


@pytest.mark.fault(33)
@pytest.mark.parametrize("path", ["../elsewhere", "/etc/passwd", "inside/../../elsewhere"])
def test_what_lies_outside_is_refused_with_the_way_to_allow_it(home: Path, path: str) -> None:
    with pytest.raises(WrongInput, match=r"outside.*--sources"):
        allowed(path)


@pytest.mark.fault(33)
def test_a_link_does_not_lead_outside(home: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("other") / "secret"
    secret.write_text("s")
    (tmp_path / "link").symlink_to(secret)
    with pytest.raises(WrongInput, match="outside"):
        allowed("link")


def test_a_missing_file_and_no_file_are_said_apart(home: Path) -> None:
    with pytest.raises(WrongInput, match="is not there"):
        allowed("nowhere.jsonl")
    with pytest.raises(WrongInput, match="no file of posts"):
        allowed("")


def test_content_counts_and_names_do_not(home: Path, tmp_path: Path) -> None:
    for name, text in (("a.jsonl", "1"), ("b.jsonl", "1"), ("c.jsonl", "2")):
        (tmp_path / name).write_text(text)
    first, same, other = (content_hash(Source(path=name).files()) for name in ("a.jsonl", "b.jsonl", "c.jsonl"))
    assert first == same
    assert first != other


def test_a_changed_image_changes_the_content(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("1")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "x.png").write_bytes(b"1")
    source = Source(path="a.jsonl", images="images")
    before = content_hash(source.files())
    (tmp_path / "images" / "x.png").write_bytes(b"2")
    assert content_hash(source.files()) != before


@pytest.mark.parametrize(("path", "name"), [("a/valid_src.txt", "valid_src"), ("x y!.csv", "x-y"), ("ö.csv", "posts")])
def test_a_data_set_is_called_after_its_file(path: str, name: str) -> None:
    assert name_of(Source(path=path)) == name


@pytest.mark.fault(15)
def test_a_circle_of_links_is_one_sentence(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(WrongInput, match="lead back to themselves"):
        allowed("a")


def test_images_are_a_folder(home: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text("")
    (tmp_path / "images.zip").write_bytes(b"PK")
    with pytest.raises(WrongInput, match=r"images\.zip is no folder.*unpack"):
        Source(path="posts.jsonl", images="images.zip").files()


@pytest.mark.parametrize("field", ["path", "ocr", "attributes"])
def test_a_folder_is_no_file(home: Path, tmp_path: Path, field: str) -> None:
    (tmp_path / "posts.jsonl").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WrongInput, match=r"folder is a folder; give the file in it"):
        Source(**{"path": "posts.jsonl", field: "folder"}).files()


def test_ids_from_line_numbers_begin_as_is_said(home: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text("")
    assert Source(path="posts.jsonl", id_prefix="may-").files().id_prefix == "may-"
