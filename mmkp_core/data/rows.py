"""What every reader returns: columns of rows whose types are right, and the rows that could not be read."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from mmkp_core.data.formats import IngestSpec
from mmkp_core.data.phrases import split_phrases
from mmkp_core.data.quarantine import BadRow, RowFault
from mmkp_core.data.times import EPOCH
from mmkp_core.errors import UnknownName, WrongInput

ROWS_AT_A_TIME = 16_384
DEEPEST = 250
"""Nesting that the JSON writer takes; deeper values are refused when read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a source states on whether image and text belong together."""

    score: float
    matched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    post_id: str | None = None
    text: str
    keyphrases: tuple[str, ...] = ()
    image_ref: str | None = None
    created_at: str | None = None
    lang: str | None = None
    split_hint: str | None = None
    extra: str | None = None


ROWS = pa.schema(
    [
        pa.field("line", pa.int64()),
        pa.field("post_id", pa.string()),  # null in all rows where the source gives no ids
        pa.field("text", pa.string()),
        pa.field("keyphrases", pa.list_(pa.string())),  # null is as good as none
        pa.field("image_ref", pa.string()),
        pa.field("created_at", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("split_hint", pa.string()),
        pa.field("extra", pa.string()),
    ]
)
"""What the readers know of rows; the types are right, the values not yet looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of one file; the side columns are empty where the source has none."""

    columns: pa.RecordBatch
    raw: Callable[[int], bytes]
    """The bytes of the i-th row."""
    gives_ids: bool
    bad: list[BadRow]
    ocr: list[str] = field(default_factory=list)
    attributes: list[tuple[str, ...]] = field(default_factory=list)
    entities: list[tuple[str, ...]] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)


class RowList:
    """Rows in the making, one by one."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.lines: list[int] = []
        self.raw: list[bytes] = []
        self.bad: list[BadRow] = []
        self.ocr: list[str] = []
        self.attributes: list[tuple[str, ...]] = []
        self.entities: list[tuple[str, ...]] = []
        self.matches: list[Match] = []

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, line: int, raw: bytes, row: Row) -> None:
        self.lines.append(line)
        self.raw.append(raw)
        self.rows.append(row)

    def columns(self) -> pa.RecordBatch:
        values: list[Sequence[Any]] = [self.lines]
        values += [[getattr(row, field.name) for row in self.rows] for field in list(ROWS)[1:]]
        arrays = [pa.array(column, field.type) for column, field in zip(values, ROWS, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=ROWS)

    def done(self) -> Rows:
        return Rows(
            columns=self.columns(),
            raw=self.raw.__getitem__,
            gives_ids=any(row.post_id is not None for row in self.rows),
            bad=self.bad,
            ocr=self.ocr,
            attributes=self.attributes,
            entities=self.entities,
            matches=self.matches,
        )


@dataclass(frozen=True, slots=True)
class Carried:
    """Which optional fields a table carries: where its first rows have them, a row that lacks one is damaged."""

    post_id: bool
    keyphrases: bool


def carried_fields(path: Path, head: list[dict[str, Any]], spec: IngestSpec) -> Carried:
    """Which optional fields the first rows have; a column that was named but is nowhere is an error."""
    names = spec.columns
    twice = [name for name, count in Counter(vars(names).values()).items() if count > 1]
    if twice:
        raise WrongInput(f"the column {twice[0]!r} is mapped to two fields of a post; give each its own")
    found = dict.fromkeys(chain.from_iterable(head))
    default = type(names)()
    for role, name in vars(names).items():
        if head and name not in found and (role == "text" or name != getattr(default, role)):
            hint = f"(the {role} of {path.name}; its first rows have: {', '.join(list(found)[:20])})"
            raise UnknownName("column", name, found, hint)
    return Carried(
        post_id=names.post_id in found,
        keyphrases=names.keyphrases in found and spec.keyphrases_from == "column",
    )


def row_of_mapping(row: Mapping[str, Any], spec: IngestSpec, carried: Carried) -> Row:
    """A row of a table by the names of its columns; the fault names the field that is wrong.

    A field that may be absent may be null. A number where text is due is wrong, except for ids: whole
    numbers are what many sources have there.
    """
    names = spec.columns
    post_id = _post_id(row, names.post_id) if carried.post_id else None
    if not carried.post_id and row.get(names.post_id) is not None:
        raise RowFault("schema", f"{names.post_id}: the first rows of the file have none")
    try:
        if names.text not in row:
            raise RowFault("schema", f"{names.text}: missing")
        text = row[names.text]
        if type(text) is not str:
            raise RowFault("schema", f"{names.text}: text expected, {kind_of(text)} found")
        return Row(
            post_id=post_id,
            text=text,
            keyphrases=_keyphrases(row, spec, carried),
            image_ref=_optional_text(row, names.image),
            created_at=_time(row, names.created_at),
            lang=_optional_text(row, names.lang),
            split_hint=_optional_text(row, names.split_hint),
            extra=extra_of(row, vars(names).values()),
        )
    except RowFault as fault:
        fault.key = post_id
        raise


def extra_of(row: Mapping[str, Any], known: Collection[str]) -> str | None:
    """The columns of a row that are not known, as a JSON object; null where there are none."""
    extra = {name: value for name, value in row.items() if name not in known}
    if not extra:
        return None
    for name, value in extra.items():
        if type(value) is float and abs(value) >= 2**63:
            raise RowFault("schema", f"{name}: {value!r} is beyond 64 bits and would not be kept exactly")
    try:
        return orjson.dumps(extra, default=str).decode()
    except orjson.JSONEncodeError:
        raise RowFault("too_large", f"nested deeper than {DEEPEST}") from None


def kind_of(value: object) -> str:
    """What a JSON value is, in the words of JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
    return type(value).__name__


def _post_id(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if type(value) is int:
        return str(value)
    if name not in row:
        raise RowFault("schema", f"{name}: missing")
    if type(value) is not str:
        raise RowFault("schema", f"{name}: text or a whole number expected, {kind_of(value)} found")
    if not value.strip():
        raise RowFault("schema", f"{name}: empty")
    return value


def _time(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is None or type(value) is str:
        return value or None
    if type(value) not in (int, float):
        raise RowFault("schema", f"{name}: a time expected, {kind_of(value)} found")
    try:
        return (EPOCH + timedelta(seconds=value)).isoformat()
    except OverflowError:
        raise RowFault("schema", f"{name}: {value!r} seconds are no time") from None


def _optional_text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is not None and type(value) is not str:
        raise RowFault("schema", f"{name}: text or null expected, {kind_of(value)} found")
    return value or None


def _list_in(text: str, otherwise: Any) -> Any:
    """The JSON list that a text cell holds, as tools write one."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return otherwise
    return found if type(found) is list else otherwise


def _keyphrases(row: Mapping[str, Any], spec: IngestSpec, carried: Carried) -> tuple[str, ...]:
    name = spec.columns.keyphrases
    value = row.get(name) if spec.keyphrases_from == "column" else None
    if value is None:
        if carried.keyphrases and name not in row:
            raise RowFault("schema", f"{name}: missing")
        return ()
    if type(value) is str and value.lstrip().startswith("["):
        value = _list_in(value, value)
    if type(value) is str:
        phrases: tuple[str, ...] = split_phrases(value, spec.phrase_separator)
    elif type(value) is list:
        if wrong := [item for item in value if type(item) is not str]:
            raise RowFault("schema", f"{name}: a list of texts expected, {kind_of(wrong[0])} found in it")
        phrases = tuple(value)
    else:
        raise RowFault("schema", f"{name}: a list of texts expected, {kind_of(value)} found")
    if len(phrases) > spec.max_keyphrases:
        raise RowFault("too_large", f"{name}: {len(phrases):,} phrases, {spec.max_keyphrases:,} allowed")
    return phrases
