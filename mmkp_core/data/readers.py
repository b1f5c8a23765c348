"""The table of source formats: where the reader of each is, and which file names it goes by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Literal

from mmkp_core.data.formats import Format, IngestSpec, SourceFiles
from mmkp_core.data.rows import Rows
from mmkp_core.errors import WrongInput

Side = Literal["ocr", "attributes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatRow:
    """One format of source files."""

    reader: str
    """Import path `module:function` of what reads one file: `(path, files, spec) -> Iterator[Rows]`."""
    endings: tuple[str, ...]
    """How names of such files end, in lower case; of several formats the longest ending counts."""
    sides: tuple[Side, ...] = ()
    """What may come in a file of its own, a line for each post: image words (`ocr`), attributes."""


READERS: Mapping[Format, FormatRow] = {
    "cmkp": FormatRow(reader="mmkp_core.data.cmkp:read_cmkp", endings=(".txt",), sides=("ocr", "attributes")),
    "mm-mkp": FormatRow(reader="mmkp_core.data.mm_mkp:read_mm_mkp", endings=("_ocr_kw.txt",), sides=("attributes",)),
    "aimkp": FormatRow(reader="mmkp_core.data.aimkp:read_aimkp", endings=(".json",)),
    "trc": FormatRow(reader="mmkp_core.data.trc:read_trc", endings=("textimage.csv", "textimage-data.csv")),
    "jsonl": FormatRow(reader="mmkp_core.data.jsonl:read_jsonl", endings=(".jsonl", ".ndjson")),
    "csv": FormatRow(reader="mmkp_core.data.table:read_csv", endings=(".csv",)),
    "parquet": FormatRow(reader="mmkp_core.data.table:read_parquet", endings=(".parquet",)),
}


def read_rows(path: Path, files: SourceFiles, spec: IngestSpec) -> Iterator[Rows]:
    """The rows of one file, by the reader of the format."""
    rows: Iterator[Rows] = resolve_name(READERS[spec.format].reader)(path, files, spec)
    return rows


def format_of_name(path: Path) -> Format:
    """The format of a file by the names that published sets and tools give to theirs."""
    name = path.name.lower()
    fitting = [(len(ending), form) for form, row in READERS.items() for ending in row.endings if name.endswith(ending)]
    if not fitting:
        raise WrongInput(f"the format of {path} does not follow from its name; say it with --format")
    return max(fitting)[1]
