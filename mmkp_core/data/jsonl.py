"""How are posts read from JSON lines, each row checked, at the speed of a reader that checks nothing?

A block of lines is parsed and checked column by column; where anything at all is unusual in it, its lines are
read again one by one by the rules of `rows.row_of_mapping`, which alone decide. Both ways give the same rows.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from mmkp_core.data.formats import IngestSpec
from mmkp_core.data.lines import LineBlock, decoded, line_blocks
from mmkp_core.data.quarantine import RowFault, bad_row
from mmkp_core.data.rows import (
    DEEPEST,
    ROWS_AT_A_TIME,
    Carried,
    Rows,
    carried_fields,
    extra_of,
    kind_of,
    row_of_mapping,
)

PIECE = 24
"""Lines of an unusual block that are tried together before they are read one by one."""
HEAD = 1000
"""Rows by which it is judged which fields a file carries."""


def read_jsonl(path: Path, spec: IngestSpec) -> Iterator[Rows]:
    rows, reader = Rows(), None
    for block in line_blocks(path, spec.max_row_kib << 10):
        if reader is None:
            reader = _Reader(spec, carried_fields(path, _objects(block.lines[:HEAD]), spec))
        reader.take(block, rows)
        if len(rows) >= ROWS_AT_A_TIME:
            yield rows
            rows = Rows()
    yield rows


def _objects(lines: list[bytes]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if type(value) is dict:
            found.append(value)
    return found


class _Reader:
    """The way of one file's lines into columns."""

    def __init__(self, spec: IngestSpec, carried: Carried) -> None:
        self.spec = spec
        self.carried = carried
        self.known = frozenset(vars(spec.columns).values())
        names = spec.columns
        self.required = [names.text, *([names.post_id] if carried.post_id else [])]
        self.required += [names.keyphrases] if carried.keyphrases else []
        self.keys: tuple[str, ...] = ()
        """The keys of the first row of the last block: mostly those of all rows."""

    def take(self, block: LineBlock, rows: Rows) -> None:
        rows.bad.extend(block.too_large)
        if not self._take_columns(block, rows):
            for start in range(0, len(block.lines), PIECE):
                lines = block.lines[start : start + PIECE]
                piece = LineBlock(block.first + start, lines, b"\n".join(lines))
                if not self._take_columns(piece, rows):
                    self._take_lines(piece, rows)

    def _take_lines(self, block: LineBlock, rows: Rows) -> None:
        for number, line in enumerate(block.lines, block.first):
            if line.strip():
                try:
                    rows.add(number, line, row_of_mapping(json_object(line), self.spec, self.carried))
                except RowFault as fault:
                    rows.bad.append(bad_row(number, fault, line))

    def _take_columns(self, block: LineBlock, rows: Rows) -> bool:
        """The whole block at once, if every row of it is as it should be."""
        names = self.spec.columns
        try:
            parsed = [*map(orjson.loads, block.lines)]
            columns, all_known = self._columns(parsed)
            extra = None if all_known else [extra_of(row, names) for row in parsed]
        except (orjson.JSONDecodeError, KeyError, TypeError, RowFault):
            return False
        nothing = (None,) * len(parsed)
        ids = columns.get(names.post_id, nothing)
        texts = columns[names.text]
        lists = columns.get(names.keyphrases, nothing) if self.carried.keyphrases else nothing
        phrases = [*chain.from_iterable(filter(None, lists))]
        counts = [len(of_row) if of_row else 0 for of_row in lists]
        images, times = columns.get(names.image, nothing), columns.get(names.created_at, nothing)
        langs, splits = columns.get(names.lang, nothing), columns.get(names.split_hint, nothing)
        usual = (
            _types(ids) <= ({str, int} if self.carried.post_id else {type(None)})
            and _types(texts) == {str}
            and _types(lists) <= {list, type(None)}
            and _types(phrases) <= {str}
            and max(counts) <= self.spec.max_keyphrases
            and _types(images) | _types(langs) | _types(splits) <= {str, type(None)}
            and _types(times) <= {str, int, float, type(None)}
            and not _repeats_keys(block, parsed)
        )
        if not usual:
            return False
        if self.carried.post_id:
            ids = [*map(str, ids)]
            if not all(map(str.strip, ids)):
                return False
            rows.post_id.extend(ids)
        rows.line.extend(range(block.first, block.first + len(parsed)))
        rows.raw.extend(block.lines)
        rows.text.extend(texts)
        rows.phrases.extend(phrases)
        rows.phrase_counts.extend(counts)
        for column, values in ((rows.image_ref, images), (rows.lang, langs), (rows.split_hint, splits)):
            column.extend([value or None for value in values] if "" in values else values)
        rows.created_at.extend(times)
        rows.extra.extend(extra or nothing)
        return True

    def _columns(self, parsed: list[dict[str, Any]]) -> tuple[dict[str, Sequence[Any]], bool]:
        """The values of all rows by column, and whether the rows hold these columns alone."""
        if parsed[0].keys() != set(self.keys):
            self.keys = tuple(parsed[0])
        if len(self.keys) > 1 and sum(map(len, parsed)) == len(parsed) * len(self.keys):
            values = zip(*map(itemgetter(*self.keys), parsed), strict=True)
            return dict(zip(self.keys, values, strict=True)), self.known.issuperset(self.keys)
        columns: dict[str, Sequence[Any]] = {name: [row.get(name) for row in parsed] for name in self.known}
        columns |= {name: [row[name] for row in parsed] for name in self.required}
        return columns, False


def json_object(line: bytes) -> dict[str, Any]:
    """The object of a line; the fault says why there is none, or which key stands in it twice."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _unparsable(line, str(error)) from None
    if type(value) is not dict:
        raise RowFault("schema", f"an object expected, {kind_of(value)} found")
    if repeated := _repeated_key(line, value):
        raise RowFault("schema", f"{repeated}: given twice")
    return value


def _types(values: Iterable[Any]) -> set[type]:
    return set(map(type, values))


def _repeats_keys(block: LineBlock, parsed: list[dict[str, Any]]) -> bool:
    """Whether an object of the block gives a key twice, which the parser does not say.

    As many `":` as keys means no. That is counted for the whole block; only where it does not come out are
    the lines looked at.
    """
    data = np.frombuffer(block.data, np.uint8)
    colons = np.count_nonzero((data[:-1] == ord('"')) & (data[1:] == ord(":")))
    if colons == sum(map(len, parsed)):
        return False
    return any(_repeated_key(line, row) for line, row in zip(block.lines, parsed, strict=True))


def _repeated_key(line: bytes, row: dict[str, Any]) -> str:
    """The key that an object of the line gives twice, or nothing."""
    if line.count(b'":') == _keys(row):
        return ""
    repeated: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        repeated.extend(name for name, count in Counter(names).items() if count > 1)

    json.loads(line, object_pairs_hook=note)
    return repeated[0] if repeated else ""


def _keys(value: Any) -> int:
    """How many keys a parsed value has, those of inner objects included."""
    if type(value) is dict:
        return len(value) + sum(_keys(inner) for inner in value.values() if type(inner) in (dict, list))
    return sum(_keys(inner) for inner in value if type(inner) in (dict, list))


def _unparsable(line: bytes, message: str) -> RowFault:
    """Why the parser refused a line: its encoding, its depth, a number that is none, or its form."""
    try:
        text = decoded(line)
    except RowFault as fault:
        return fault
    if _depth(text) > DEEPEST:
        return RowFault("too_large", f"nested deeper than {DEEPEST}")
    not_numbers: list[str] = []
    try:
        value = json.loads(text, parse_constant=not_numbers.append)
    except ValueError:
        return RowFault("bad_json", message)
    key = str(value.get("post_id")) if type(value) is dict and "post_id" in value else None
    if not_numbers:
        field = next((name for name, inner in value.items() if inner is None), "") if type(value) is dict else ""
        return RowFault("schema", f"{field}: {not_numbers[0]} is no number of JSON", key)
    return RowFault("bad_encoding", f"a lone surrogate: {message}", key)


def _depth(text: str) -> int:
    """How deep brackets are nested; those inside strings do not count."""
    deepest = depth = 0
    for mark in _BRACKETS.findall(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark, 0)
        deepest = max(deepest, depth)
    return deepest


_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)
