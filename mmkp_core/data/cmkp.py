"""Reads the files of CMKP (`*_src.txt`), one post a line: text, keyphrases and image URL between `<sep>`.

Nothing is escaped in this format, so no field can hold a separator. Image words and attributes stand in side
files, line by line with the posts.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.lines import decoded, numbered_lines
from mmkp_core.data.phrases import split_phrases
from mmkp_core.data.quarantine import BadRow, RowFault, bad_row
from mmkp_core.data.rows import ROWS_AT_A_TIME, Row, RowList, Rows
from mmkp_core.errors import Mismatch

SEPARATOR = "<sep>"
_SPLIT = re.compile(r"(?:^|[_.-])(train|valid|test)(?:[_.-]|$)")


def read_cmkp(path: Path, files: SourceFiles, spec: IngestSpec) -> Iterator[Rows]:
    rows, longest, split = RowList(), spec.max_row_kib << 10, split_of_name(path)
    for number, line, ocr, attributes in lines_beside(path, files, longest):
        if isinstance(line, BadRow):
            rows.bad.append(line)
        elif line.strip():
            try:
                row = _row(fields_of(line, 3), split, spec)
                words = side_text(ocr, files.ocr)
                names = side_text(attributes, files.attributes)
            except RowFault as fault:
                rows.bad.append(bad_row(number, fault, line))
                continue
            rows.add(number, line, row)
            if words is not None:
                rows.ocr.append(words)
            if names is not None:
                rows.attributes.append(tuple(names.split()))
        if len(rows) >= ROWS_AT_A_TIME:
            yield rows.done()
            rows = RowList()
    yield rows.done()


def fields_of(line: bytes, count: int) -> list[str]:
    fields = decoded(line).split(SEPARATOR)
    if len(fields) != count:
        raise RowFault("bad_fields", f"{count} fields between {SEPARATOR} expected, {len(fields)} found")
    return [field.strip() for field in fields]


def phrases_of(field: str, spec: IngestSpec, separator: str = ";") -> tuple[str, ...]:
    phrases = split_phrases(field, separator)
    if len(phrases) > spec.max_keyphrases:
        raise RowFault("too_large", f"{len(phrases):,} phrases, {spec.max_keyphrases:,} allowed")
    return phrases


def split_of_name(path: Path) -> str | None:
    """`valid_src.txt` says what split its posts are of."""
    match = _SPLIT.search(path.stem)
    return match[1] if match else None


def _row(fields: list[str], split: str | None, spec: IngestSpec) -> Row:
    text, phrases, url = fields
    return Row(text=text, keyphrases=phrases_of(phrases, spec), image_ref=url or None, split_hint=split)


def side_text(line: bytes | BadRow | None, file: Path | None) -> str | None:
    if line is None or file is None:
        return None
    if isinstance(line, BadRow):
        raise RowFault(line.reason, f"its line in {file.name}: {line.detail}")
    return decoded(line).strip()


RawLine = bytes | BadRow


def lines_beside(
    path: Path, files: SourceFiles, longest: int
) -> Iterator[tuple[int, RawLine, RawLine | None, RawLine | None]]:
    """Each line with the lines of the side files that belong to it."""
    sides = [side for side in (files.ocr, files.attributes) if side is not None]
    readers = [numbered_lines(path, longest), *(numbered_lines(side, longest) for side in sides)]
    for together in zip_longest(*readers):
        if None in together:
            counts = {file: sum(1 for _ in numbered_lines(file, longest)) for file in (path, *sides)}
            lengths = ", ".join(f"{file.name} has {count:,} lines" for file, count in counts.items())
            raise Mismatch(f"{lengths}; a side file needs a line for each line of posts, empty where nothing is known")
        (number, line), *given = together
        found = iter(side for _, side in given)
        yield number, line, next(found) if files.ocr else None, next(found) if files.attributes else None
