"""A format is one row: its reader and the names of its files."""

from pathlib import Path
from pkgutil import resolve_name

import pytest

from mmkp_core.data.formats import FORMATS
from mmkp_core.data.readers import READERS, format_of_name
from mmkp_core.errors import WrongInput


def test_every_format_of_the_form_has_a_reader() -> None:
    assert set(READERS) == set(FORMATS)
    assert all(callable(resolve_name(row.reader)) for row in READERS.values())


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("valid_src.txt", "cmkp"),
        ("valid_ocr_kw.txt", "mm-mkp"),
        ("valid.json", "aimkp"),
        ("textimage-data.csv", "trc"),
        ("mine.csv", "csv"),
        ("a.JSONL", "jsonl"),
        ("a.parquet", "parquet"),
    ],
)
def test_formats_follow_from_the_names_that_published_sets_use(name: str, form: str) -> None:
    assert format_of_name(Path(name)) == form


def test_an_unknown_ending_asks_for_the_format() -> None:
    with pytest.raises(WrongInput, match="--format"):
        format_of_name(Path("posts.xml"))
