"""Reads posts from CSV and Parquet tables of any origin, by the names of their columns."""

import csv
from collections import Counter, deque
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.lines import decoded, numbered_lines
from mmkp_core.data.quarantine import BadRow, RowFault, RowReason, bad_row
from mmkp_core.data.rows import ROWS_AT_A_TIME, Carried, RowList, Rows, carried_fields, row_of_mapping
from mmkp_core.errors import WrongInput

LINES_OF_A_RECORD = 256
"""A quoted field that runs on for longer was never closed: its first line is bad, and reading goes on at the next."""


def read_csv(path: Path, files: SourceFiles, spec: IngestSpec) -> Iterator[Rows]:
    """CSV with a header, quotes doubled inside quotes, tabs between fields if the file is called `.tsv`."""
    lines = _Lines(path, spec.max_row_kib << 10)
    records = csv.reader(lines, strict=True, delimiter="\t" if path.suffix == ".tsv" else ",")
    names: list[str] = []
    carried = Carried(post_id=False, keyphrases=False)
    rows = RowList()
    while True:
        lines.begin()
        try:
            record = next(records)
            raw = lines.raw()
            decoded(raw)
            if not raw.strip():
                continue
            if not names:
                names, carried = _header(path, record, spec)
                continue
            if len(record) != len(names):
                raise RowFault("bad_fields", f"{len(names)} fields expected, {len(record)} found")
            row = {name: value or None for name, value in zip(names, record, strict=True)}
            row[spec.columns.text] = row[spec.columns.text] or ""
            rows.add(lines.number, raw, row_of_mapping(row, spec, carried))
        except StopIteration:
            break
        except RowFault as fault:
            rows.bad.append(bad_row(lines.number, fault, lines.raw()))
        except csv.Error as error:
            reason: RowReason = "too_large" if len(lines.raw()) > csv.field_size_limit() else "bad_fields"
            lines.give_back_all_but_first()
            rows.bad.append(bad_row(lines.number, RowFault(reason, str(error)), lines.raw()))
        if len(rows) >= ROWS_AT_A_TIME:
            yield rows.done()
            rows = RowList()
    rows.bad.extend(lines.too_large)
    yield rows.done()


def read_parquet(path: Path, files: SourceFiles, spec: IngestSpec) -> Iterator[Rows]:
    """Parquet of any writer. Columns of bytes are left out: they are no part of a post."""
    number = 0
    try:
        file = pq.ParquetFile(path)
        names = [field.name for field in file.schema_arrow if not _holds_bytes(field.type)]
        carried = carried_fields(path, [dict.fromkeys(names)], spec)
        for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, columns=names):
            rows = RowList()
            for values in _values(_in_microseconds(batch)):
                number += 1
                if isinstance(values, RowFault):
                    rows.bad.append(bad_row(number, values, b""))
                    continue
                raw = orjson.dumps(values, default=str, option=orjson.OPT_NON_STR_KEYS)
                try:
                    moment = values.get(spec.columns.created_at)
                    if isinstance(moment, date):
                        values[spec.columns.created_at] = moment.isoformat()
                    rows.add(number, raw, row_of_mapping(values, spec, carried))
                except RowFault as fault:
                    rows.bad.append(bad_row(number, fault, raw))
            yield rows.done()
    except FileNotFoundError:
        raise WrongInput(f"{path}: no such file") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise WrongInput(f"{path}: no whole Parquet file: {error}") from None


class _Lines:
    """The lines that a CSV record is made of, so that it can be shown, or given back where it runs wild."""

    def __init__(self, path: Path, longest: int) -> None:
        self.too_large: list[BadRow] = []
        self._source = numbered_lines(path, longest)
        self._again: deque[tuple[int, bytes]] = deque()
        self._taken: list[tuple[int, bytes]] = []

    def begin(self) -> None:
        self._taken = []

    @property
    def number(self) -> int:
        return self._taken[0][0]

    def raw(self) -> bytes:
        return b"\n".join(line for _, line in self._taken)

    def give_back_all_but_first(self) -> None:
        self._again.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self._taken) == LINES_OF_A_RECORD:
            raise csv.Error(f"a quoted field that is not closed within {LINES_OF_A_RECORD} lines")
        number, line = self._again.popleft() if self._again else self._next_whole()
        self._taken.append((number, line))
        return line.decode("utf-8", "surrogateescape") + "\n"

    def _next_whole(self) -> tuple[int, bytes]:
        for number, line in self._source:
            if not isinstance(line, BadRow):
                return number, line
            self.too_large.append(line)
        raise StopIteration


def _header(path: Path, names: list[str], spec: IngestSpec) -> tuple[list[str], Carried]:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise WrongInput(f"{path}:1: two columns are called {twice[0]!r}; give each a name of its own")
    return names, carried_fields(path, [dict.fromkeys(names)], spec)


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_nested(kind):
        return any(_holds_bytes(kind.field(i).type) for i in range(kind.num_fields))
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _values(batch: pa.RecordBatch) -> list[dict[str, Any] | RowFault]:
    """The rows of a batch; a string that is no UTF-8, which Parquet does not check, costs its own row only."""
    try:
        rows: list[dict[str, Any] | RowFault] = batch.to_pylist()
    except UnicodeDecodeError as error:
        if len(batch) == 1:
            return [RowFault("bad_encoding", f"no UTF-8: {error.reason} at byte {error.start} of a field")]
        half = len(batch) // 2
        return _values(batch.slice(0, half)) + _values(batch.slice(half))
    return rows


def _in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Times as Python can hold them."""
    columns = [
        column.cast(pa.timestamp("us", column.type.tz), safe=False) if pa.types.is_timestamp(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
