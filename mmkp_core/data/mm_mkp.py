"""Reads the files of MM-MKP (`*_ocr_kw.txt`): the posts of CMKP with image words, entities and match scores.

Six fields between `<sep>`: `text <seg> OCR <seg> entity ; entity`, keyphrases, image URL, the two probabilities
`tensor([[no match, match]])`, their argmax, and the entities again. A post's text is the first part of the first
field alone; the rest is about its image.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from mmkp_core.data.cmkp import fields_of, lines_beside, phrases_of, side_text, split_of_name
from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.phrases import split_phrases
from mmkp_core.data.quarantine import BadRow, RowFault, bad_row
from mmkp_core.data.rows import ROWS_AT_A_TIME, Match, Row, RowList, Rows

_PROBABILITIES = re.compile(r"tensor\(\[\[\s*([\d.eE+-]+)\s*,\s*([\d.eE+-]+)\s*\]\]\)")


def read_mm_mkp(path: Path, files: SourceFiles, spec: IngestSpec) -> Iterator[Rows]:
    rows, split = RowList(), split_of_name(path)
    for number, line, _, attributes in lines_beside(path, files, spec.max_row_kib << 10):
        if isinstance(line, BadRow):
            rows.bad.append(line)
        elif line.strip():
            try:
                source, phrases, url, probabilities, matched, _ = fields_of(line, 6)
                text, ocr, entities = _segments(source)
                match = _match(probabilities, matched)
                keyphrases = phrases_of(phrases, spec)
                names = side_text(attributes, files.attributes)
            except RowFault as fault:
                rows.bad.append(bad_row(number, fault, line))
                continue
            rows.add(number, line, Row(text=text, keyphrases=keyphrases, image_ref=url or None, split_hint=split))
            rows.ocr.append(" ".join(ocr.split()))
            rows.entities.append(split_phrases(entities))
            rows.matches.append(match)
            if names is not None:
                rows.attributes.append(tuple(names.split()))
        if len(rows) >= ROWS_AT_A_TIME:
            yield rows.done()
            rows = RowList()
    yield rows.done()


def _segments(source: str) -> tuple[str, str, str]:
    parts = source.split("<seg>")
    if len(parts) != 3:
        raise RowFault("bad_fields", f"text <seg> OCR <seg> entities expected, {len(parts)} parts found")
    text, ocr, entities = parts
    return text.strip(), ocr, entities


def _match(probabilities: str, matched: str) -> Match:
    found = _PROBABILITIES.fullmatch(probabilities)
    try:
        score = float(found[2]) if found else -1.0
    except ValueError:
        score = -1.0
    if not 0.0 <= score <= 1.0:
        raise RowFault("schema", f"match score: tensor([[p, p]]) expected, {probabilities[:60]!r} found")
    if matched not in ("0", "1"):
        raise RowFault("schema", f"matched: 0 or 1 expected, {matched[:60]!r} found")
    return Match(score=score, matched=matched == "1")
