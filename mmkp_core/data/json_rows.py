"""Parses one line of JSON to an object, or says why it holds none."""

import json
import re
from collections import Counter
from typing import Any

import orjson

from mmkp_core.data.lines import decoded
from mmkp_core.data.quarantine import RowFault
from mmkp_core.data.rows import DEEPEST, kind_of


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


def _repeated_key(line: bytes, row: dict[str, Any]) -> str:
    """The key that an object of the line gives twice, or nothing.

    As many `":` as keys means no, and is cheap to count. (A line that writes a blank before one colon and repeats one
    key passes.)
    """
    colons = line.count(b'":')
    if colons == len(row) or colons == _keys(row):
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
