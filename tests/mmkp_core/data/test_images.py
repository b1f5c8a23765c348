from pathlib import Path

import pytest

from mmkp_core.data.images import base_name, image_path


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("https://pbs.example/media/D2S4.jpg", "D2S4.jpg"),
        ("https://pbs.example/media/D2S4.jpg?name=large#x", "D2S4.jpg"),
        ("https://pbs.example/a%20b.jpg", "a b.jpg"),
        ("folder\\a.jpg", "a.jpg"),
        ("a?b.jpg", "a?b.jpg"),
        ("..", ""),
        ("https://[bad/..", ""),
        ("", ""),
    ],
)
def test_base_name(ref: str, name: str) -> None:
    assert base_name(ref) == name


def test_nothing_outside_the_folder_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    for path in (folder / "a.jpg", folder / "sub" / "b.jpg", tmp_path / "secret.jpg"):
        path.write_bytes(b"x")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    assert image_path("https://x.example/a.jpg", folder) == folder / "a.jpg"
    assert image_path("sub/b.jpg", folder) == folder / "sub" / "b.jpg"
    for ref in (
        "../secret.jpg",
        str(tmp_path / "secret.jpg"),
        "link.jpg",
        "sub",
        "..",
        "b.jpg",
        "a\x00.jpg",
        "x" * 5000,
    ):
        assert image_path(ref, folder) is None
