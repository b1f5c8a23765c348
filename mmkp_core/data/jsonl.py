"""Reads posts from JSON lines, each row checked, at the speed of a reader that checks nothing.

A block of lines goes through Arrow's parser with the columns' types given, and is then checked column by column.
Where that meets a row that is not plainly right, the block is cut there, and the row goes the slow way: the rules
of `rows.row_of_mapping` alone decide. Both ways give the same rows.

Arrow's parser refuses wrong types, keys given twice, lone surrogates and unknown columns. It does not see bytes
that are no UTF-8, and it reads objects, not lines: so each line must begin with the one bracket and end with the
other, and there must be as many objects as lines. No column holds objects, so each line then is one object. Where a
file has columns besides ours, Arrow passes over them, and each line is parsed once more for their values.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.json_rows import json_object
from mmkp_core.data.lines import Giant, LineBlock, line_blocks, open_rows
from mmkp_core.data.quarantine import BadRow, RowFault, bad_row
from mmkp_core.data.rows import ROWS, Carried, RowList, Rows, carried_fields, extra_of, row_of_mapping

ROWS_AT_A_TIME = 65_536
HEAD = 1000
"""Rows by which it is judged which fields a file carries."""
CUTS = 8
"""A block with more unusual rows than this is read line by line from there on."""

Places = npt.NDArray[np.int64]

_ROW_NUMBER = re.compile(r"in row (\d+)")


def read_jsonl(path: Path, files: SourceFiles, spec: IngestSpec) -> Iterator[Rows]:
    reader = None
    chunk = _Chunk(path)
    for block in line_blocks(path, spec.max_row_kib << 10):
        if isinstance(block, BadRow):
            chunk.bad.append(block)
            continue
        reader = reader or _Reader(path, spec, _objects(block.data))
        reader.take(block, chunk)
        if chunk.size >= ROWS_AT_A_TIME:
            yield chunk.done(spec, reader.carried)
            chunk = _Chunk(path)
    yield chunk.done(spec, reader.carried if reader else Carried(post_id=False, keyphrases=False))


def _objects(data: bytes) -> list[dict[str, Any]]:
    """The objects of the first lines; lines that hold none are left out."""
    found = []
    for line in data.split(b"\n", HEAD)[:HEAD]:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if type(value) is dict:
            found.append(value)
    return found


class _Chunk:
    """Pieces of columns in the order of the file, and the places of their lines."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.bad: list[BadRow] = []
        self._path = path
        self._places: list[tuple[int, int, int]] = []
        """Of each block its first line, and its place and size in the file."""
        self._read_anew: tuple[int, list[bytes]] = (0, [])
        self._pieces: list[pa.RecordBatch] = []
        self._single = RowList()

    def add_place(self, block: LineBlock) -> None:
        self._places.append((block.first, block.offset, len(block.data)))

    def add_columns(self, piece: pa.RecordBatch) -> None:
        self._close_single()
        self._pieces.append(piece)
        self.size += piece.num_rows

    def add_line(self, number: int, line: bytes, spec: IngestSpec, carried: Carried) -> None:
        """A blank line is no row."""
        longest = spec.max_row_kib << 10
        if len(line) > longest:
            self.bad.append(Giant(line).bad_row(number, longest))
        elif line.strip():
            try:
                self._single.add(number, b"", row_of_mapping(json_object(line), spec, carried))
                self.size += 1
            except RowFault as fault:
                self.bad.append(bad_row(number, fault, line))

    def done(self, spec: IngestSpec, carried: Carried) -> Rows:
        self._close_single()
        columns = pa.concat_batches(self._pieces) if self._pieces else RowList().columns()
        keep = np.ones(len(columns), dtype=bool)
        for i in np.flatnonzero(_doubtful(columns, spec, carried)).tolist():
            number = columns.column("line")[i].as_py()
            try:
                row_of_mapping(json_object(self._line(number)), spec, carried)
            except RowFault as fault:
                keep[i] = False
                self.bad.append(bad_row(number, fault, self._line(number)))
        columns = columns if keep.all() else columns.filter(pa.array(keep))
        lines = columns.column("line")
        for i in (4, 5, 6, 7):
            columns = columns.set_column(i, ROWS.field(i), _null_for_empty(columns.column(i)))
        return Rows(
            columns=columns, raw=lambda i: self._line(lines[i].as_py()), gives_ids=carried.post_id, bad=self.bad
        )

    def _line(self, number: int) -> bytes:
        """A line read anew: keeping all lines of a chunk, for the few that are needed, costs a tenth of the time."""
        first, offset, size = self._places[bisect_right(self._places, number, key=lambda place: place[0]) - 1]
        if self._read_anew[0] != first:
            with open_rows(self._path) as file:
                file.seek(offset)
                self._read_anew = first, file.read(size).split(b"\n")
        return self._read_anew[1][number - first]

    def _close_single(self) -> None:
        if self._single:
            self._pieces.append(self._single.columns())
            self._single = RowList()


class _Reader:
    """The way of one file's lines into columns."""

    def __init__(self, path: Path, spec: IngestSpec, head: list[dict[str, Any]]) -> None:
        self.spec = spec
        self.carried = carried_fields(path, head, spec)
        names = spec.columns
        whole_ids = sum(type(row.get(names.post_id)) is int for row in head) > len(head) // 2
        types = dict.fromkeys(vars(names).values(), pa.string())
        types[names.post_id] = pa.int64() if whole_ids else pa.string()
        types[names.keyphrases] = pa.list_(pa.string())
        # a tenth faster with the columns in the file's order, and without those that it does not have
        found = [name for name in dict.fromkeys(chain.from_iterable(head)) if name in types]
        self.known = frozenset(types)
        self.more = sum(not row.keys() <= self.known for row in head) > len(head) // CUTS
        """Whether the file has other columns than ours."""
        self._parse = pj.ParseOptions(
            explicit_schema=pa.schema([(name, types[name]) for name in found]),
            unexpected_field_behavior="ignore" if self.more else "error",
        )
        self.by_columns = 2 * sum(type(row.get(names.keyphrases)) is str for row in head) <= len(head)
        """Whether most rows are of the kind that goes through the fast way."""

    def take(self, block: LineBlock, chunk: _Chunk) -> None:
        chunk.add_place(block)
        data = block.data
        starts, ends = np.concatenate(([0], block.feeds + 1)), np.concatenate((block.feeds, [len(data)]))
        cuts = CUTS if self.by_columns else 0
        ranges = [(0, len(starts))]
        while ranges:
            low, high = ranges.pop()
            stop = None
            if cuts and high - low > 1:
                columns, stop = self._columns(data, starts[low:high], ends[low:high], block.first + low)
                if columns is not None:
                    chunk.add_columns(columns)
                    continue
            if stop is None:
                for i in range(low, high):
                    chunk.add_line(block.first + i, data[starts[i] : ends[i]], self.spec, self.carried)
            else:
                cuts -= 1
                at = low + stop
                ranges += [(at + 1, high), (at, at + 1), (low, at)]  # the last is taken up first

    def _columns(
        self, data: bytes, starts: Places, ends: Places, first: int
    ) -> tuple[pa.RecordBatch | None, int | None]:
        """Some lines as columns; or nothing, and a line that is not plainly right where one is known."""
        marks = np.frombuffer(data, np.uint8)
        sizes = ends - starts
        last = marks[ends - 1]
        last = np.where(last == ord("\r"), marks[ends - 2], last)  # Windows line ends; a bare CR is no JSON text
        wrong = (sizes < 3) | (sizes > self.spec.max_row_kib << 10)
        wrong |= (marks[np.minimum(starts, len(data) - 1)] != ord("{")) | (last != ord("}"))
        if wrong.any():
            return None, int(wrong.argmax())
        data = data[starts[0] : ends[-1]]
        try:
            if not data.isascii():
                data.decode("utf-8")
            table = pj.read_json(
                pa.BufferReader(data), pj.ReadOptions(use_threads=False, block_size=len(data) + 1), self._parse
            )
        except UnicodeDecodeError as error:
            return None, data.count(b"\n", 0, error.start)
        except pa.ArrowInvalid as error:
            number = _ROW_NUMBER.search(str(error))
            return None, int(number[1]) if number else None
        if table.num_rows != len(starts):
            return None, None
        extra: list[str | None] = []
        try:
            if self.more:
                extra.extend(extra_of(json_object(line), self.known) for line in data.split(b"\n"))
        except RowFault:
            return None, len(extra)
        names = self.spec.columns
        arrays = [pa.array(np.arange(first, first + len(starts)))]
        roles = ("post_id", "text", "keyphrases", "image", "created_at", "lang", "split_hint")
        for role, field in zip(roles, list(ROWS)[1:], strict=False):
            here = table.schema.get_field_index(getattr(names, role))
            column = table.column(here).chunk(0) if here >= 0 else pa.nulls(len(starts), field.type)
            arrays.append(column.cast(field.type) if column.type != field.type else column)
        arrays.append(pa.array(extra, pa.string()) if extra else pa.nulls(len(starts), pa.string()))
        return pa.RecordBatch.from_arrays(arrays, schema=ROWS), None


def _doubtful(columns: pa.RecordBatch, spec: IngestSpec, carried: Carried) -> npt.NDArray[np.bool_]:
    """Rows in which something is null or empty, or was not expected; only their lines say whether that is wrong."""
    ids, lists = columns.column("post_id"), columns.column("keyphrases")
    doubts = [columns.column("text").is_null()]
    if spec.keyphrases_from == "column":
        doubts += [pc.greater(pc.list_value_length(lists), spec.max_keyphrases)]
    if carried.post_id:
        doubts += [ids.is_null(), pc.equal(pc.utf8_trim_whitespace(ids), "")]
    else:
        doubts += [ids.is_valid()]
    if carried.keyphrases:
        doubts += [lists.is_null()]
    if lists.flatten().null_count and spec.keyphrases_from == "column":
        holed = pc.list_parent_indices(lists).filter(lists.flatten().is_null())
        doubts += [pa.array(np.isin(np.arange(len(columns)), holed.to_numpy()))]
    found = np.zeros(len(columns), dtype=bool)
    for doubt in doubts:
        if pc.any(doubt).as_py():
            found |= doubt.fill_null(False).to_numpy(zero_copy_only=False)
    return found


def _null_for_empty(texts: pa.Array) -> pa.Array:
    empty = pc.equal(texts, "")
    return pc.if_else(empty, None, texts) if pc.any(empty).as_py() else texts
