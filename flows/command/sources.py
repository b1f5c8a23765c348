"""Files named on the command line as a flow's sources; a person may name any file there."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from mmkp_core.errors import UnknownName, WrongInput

FILES = ("images", "ocr", "attributes")
"""What belongs to one file of posts, row by row; the rest of a source says how files are laid out."""
ENDINGS = (".txt", ".jsonl", ".json", ".csv", ".parquet")


def is_source(kind: Any) -> bool:
    """Whether a parameter of that type is a file of posts with what belongs to it."""
    return is_dataclass(kind) and {"path", "format"} <= {field.name for field in fields(kind)}


def file_source(path: str, given: Mapping[str, Any], *, beside: bool = True) -> dict[str, Any]:
    """A source as the options say it; `beside` with the files that belong to this one."""
    from tasks.run.sources import allow

    source = {"path": str(allow(Path(path))), "format": given["format"], "keyphrases_from": given["keyphrases_from"]}
    if given["id_prefix"]:
        source["id_prefix"] = given["id_prefix"]
    if given["map"]:
        source["columns"] = columns(given["map"])
    if beside:
        source |= {name: str(allow(Path(given[name]))) for name in FILES if given[name]}
    return source


def columns(text: str) -> dict[str, str]:
    """`post_id=id,text=body` as field -> column."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(mark and field.strip() and column.strip() for field, mark, column in pairs):
        raise WrongInput(f"--map {text!r}: write FIELD=COLUMN,FIELD=COLUMN, like post_id=id,text=body")
    return {field.strip(): column.strip() for field, _, column in pairs}


def name_or_file(data: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The flow's parameters for DATA, which is a name in the store or a file."""
    if Path(data).exists():
        return {"source": file_source(data, given)}
    if "/" in data or Path(data).suffix in ENDINGS:
        raise WrongInput(f"{data}: there is no such file")
    known = names_in_store()
    if data not in known:
        raise UnknownName("data set, split or file", data, known)
    return {"data": data}


def names_in_store() -> set[str]:
    """Of splits and data sets."""
    from tasks.run.store import open_store

    named = [version.name.partition("/") for version in open_store().names.current()]
    return {name for kind, _, name in named if kind in ("split", "dataset")}


def name_after(path: str) -> str:
    """What a data set is called after its file."""
    from tasks.run.sources import Source, name_of

    return name_of(Source(path=path))
