"""Reads the files of AimKP (`valid.json`): one JSON array of conversations, each post an object in it.

The array is never held whole: objects are cut out of the stream at their closing brackets. Where a damaged one
makes that impossible, the stream is picked up again where one object closes and the next begins with its `id`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmkp_core.data.cmkp import phrases_of, split_of_name
from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.json_rows import json_object
from mmkp_core.data.lines import BLOCK_BYTES, UTF_8_MARK, Giant, open_rows, refuse_other_encodings
from mmkp_core.data.quarantine import BadRow, RowFault, bad_row
from mmkp_core.data.rows import ROWS_AT_A_TIME, Row, RowList, Rows, kind_of
from mmkp_core.errors import WrongInput

_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\[^\n])*"|["{}\[\]]')
_CLOSES = {b"}": b"{", b"]": b"["}
_NEXT_OBJECT = re.compile(rb'\}\s*,\s*(?=\{\s*"id"\s*:)')
_OVERLAP = 256


def read_aimkp(path: Path, files: SourceFiles, spec: IngestSpec) -> Iterator[Rows]:
    rows, split = RowList(), split_of_name(path)
    for number, item in _items(path, spec.max_row_kib << 10):
        if isinstance(item, BadRow):
            rows.bad.append(item)
        else:
            try:
                rows.add(number, item, _row(json_object(item), split, spec))
            except RowFault as fault:
                rows.bad.append(bad_row(number, fault, item))
        if len(rows) >= ROWS_AT_A_TIME:
            yield rows.done()
            rows = RowList()
    yield rows.done()


def _row(item: dict[str, Any], split: str | None, spec: IngestSpec) -> Row:
    post_id = _text(item, "id")
    try:
        turns = item.get("conversations")
        if type(turns) is not list or not all(type(turn) is dict for turn in turns):
            raise RowFault("schema", f"conversations: a list of turns expected, {kind_of(turns)} found")
        answers = [_text(turn, "value") for turn in turns if turn.get("from") == "gpt"]
        if len(answers) != 1:
            raise RowFault("schema", f"conversations: one answer of gpt expected, {len(answers)} found")
        return Row(
            post_id=post_id,
            text=_text(item, "text"),
            keyphrases=phrases_of(answers[0], spec, ","),  # no phrase of the set holds a comma
            image_ref=_text(item, "image") if item.get("image") is not None else None,
            split_hint=split,
        )
    except RowFault as fault:
        fault.key = post_id
        raise


def _text(item: dict[str, Any], name: str) -> str:
    if name not in item:
        raise RowFault("schema", f"{name}: missing")
    value = item[name]
    if type(value) is not str:
        raise RowFault("schema", f"{name}: text expected, {kind_of(value)} found")
    return value


def _items(path: Path, longest: int) -> Iterator[tuple[int, bytes | BadRow]]:
    """The objects of the array, each with the number of its first line."""
    stream = _Stream(path, longest)
    if stream.next_byte() != b"[":
        raise WrongInput(f"{path}: a JSON array of conversations expected; one object a line is the format jsonl")
    stream.drop(1)
    while (first := stream.next_byte(b",")) not in (b"", b"]"):
        line = stream.line
        end = stream.object_end() if first == b"{" else None
        item = stream.drop_damaged(line) if end is None else stream.drop(end)
        if isinstance(item, bytes) and len(item) > longest:
            item = Giant(item).bad_row(line, longest)
        yield line, item
    if not first:
        raise WrongInput(f"{path}: the JSON array has no end; the file is cut off: fetch it again")
    stream.drop(1)
    if stream.next_byte():
        raise WrongInput(f"{path}:{stream.line}: more stands behind the end of the JSON array; make it one array")


class _Stream:
    """A file of which no more is held than one object and one block."""

    def __init__(self, path: Path, longest: int) -> None:
        self.file = open_rows(path)
        self.longest = longest
        self.line = 1
        self.buffer: bytes = self.file.read(BLOCK_BYTES)
        refuse_other_encodings(path, self.buffer)
        self.buffer = self.buffer.removeprefix(UTF_8_MARK)

    def more(self) -> bool:
        chunk: bytes = self.file.read(BLOCK_BYTES)
        self.buffer += chunk
        return bool(chunk)

    def drop(self, count: int) -> bytes:
        dropped: bytes
        dropped, self.buffer = self.buffer[:count], self.buffer[count:]
        self.line += dropped.count(b"\n")
        return dropped

    def next_byte(self, between: bytes = b"") -> bytes:
        """The next byte that is no white space and not `between`; it stays. Empty at the end of the file."""
        while True:
            self.drop(len(self.buffer) - len(self.buffer.lstrip(b" \t\r\n" + between)))
            if self.buffer or not self.more():
                return self.buffer[:1]

    def object_end(self) -> int | None:
        """Where the object at the start of the buffer ends; None where it has no end."""
        open_brackets: list[bytes] = []
        at = 0
        while True:
            for token in _TOKEN.finditer(self.buffer, at):
                mark = token[0]
                if mark == b'"':  # a string that is not closed: on this line, or not yet in the buffer
                    if b"\n" in self.buffer[token.start() :]:
                        return None
                    break
                at = token.end()
                if mark in (b"{", b"["):
                    open_brackets.append(mark)
                elif mark in _CLOSES:
                    if open_brackets.pop() != _CLOSES[mark]:
                        return None
                    if not open_brackets:
                        return at
            if len(self.buffer) > self.longest or not self.more():
                return None

    def drop_damaged(self, line: int) -> bytes | BadRow:
        """What stands before the next whole object; kept if it is not too long."""
        start = 1
        giant = None
        while (found := _NEXT_OBJECT.search(self.buffer, start)) is None:
            if len(self.buffer) > self.longest:
                piece = self.drop(len(self.buffer) - _OVERLAP)
                giant = giant or Giant()
                giant.add(piece)
            start = max(1, len(self.buffer) - _OVERLAP)
            if not self.more():
                break
        rest = self.drop(found.start() + 1 if found else len(self.buffer))
        if giant is None:
            return rest
        giant.add(rest)
        return giant.bad_row(line, self.longest)
