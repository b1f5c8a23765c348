"""Reads the text-image relation corpus (Vempala and Preotiuc-Pietro, ACL 2019).

There are two files of it. `textimage-data.csv`, MM-MKP's copy, has the tweets and is read as posts. `textimage.csv`,
the original, has ids and labels alone, and is damaged: commas of leaked tweet text moved the labels of 32 rows, and a
spreadsheet turned 28 ids into `6.92094E+17`; only its labels can be read.

The copy escapes quotes by a backslash, or, where a tool rewrote it, by doubling them, and then some rows are not
well-formed in either way. But a row is an id, a text and six labels, and only the text can hold a quote: so it is
read from both ends.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import orjson

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.lines import decoded, numbered_lines
from mmkp_core.data.quarantine import BadRow, RowFault, bad_row
from mmkp_core.data.rows import ROWS_AT_A_TIME, Match, Row, RowList, Rows
from mmkp_core.errors import WrongInput

Relation = Literal["R1", "R2", "R3", "R4"]
TRAIN_ROWS = 3576
"""MM-MKP trains on the first rows and tests on the others."""

_LABELS = ("text_is_represented", "image_adds")
_TEXT_ROW = re.compile(r'"(\d+)",(?:"\d*",)?"(.*)",' + ",".join(['"([01])"'] * 6), re.DOTALL)
_LABEL_ROW = re.compile(r"(\d+)," + ",".join(["([01])"] * 6) + ",*")
_TEXT_END = re.compile(r'\\"",([01])""",')
"""Where a text ended in a backslash, the tool took the quote behind it, and the first label, for parts of the text."""
_IMAGE_LINK = re.compile(r"\s+https?://t\.co/\S*$")


@dataclass(frozen=True, slots=True)
class TrcLabels:
    """Whether the text's words are shown in the image, and whether the image adds to what the text says."""

    text_is_represented: bool
    image_adds: bool

    @property
    def relation(self) -> Relation:
        match self.image_adds, self.text_is_represented:
            case True, True:
                return "R1"
            case True, False:
                return "R2"
            case False, True:
                return "R3"
        return "R4"


def read_trc(path: Path, files: SourceFiles, spec: IngestSpec) -> Iterator[Rows]:
    """The corpus as posts without keyphrases; `image_adds` is the match, as in MM-MKP."""
    rows, seen = RowList(), 0
    for number, line in numbered_lines(path, spec.max_row_kib << 10):
        if number == 1:
            _expect_text(path, line)
            continue
        if isinstance(line, BadRow):
            rows.bad.append(line)
        elif line.strip():
            seen += 1
            try:
                tweet_id, text, labels = _text_row(line)
            except RowFault as fault:
                rows.bad.append(bad_row(number, fault, line))
                continue
            row = Row(
                post_id=tweet_id,
                text=text,
                image_ref=f"T{tweet_id}.jpg",
                split_hint="train" if seen <= TRAIN_ROWS else "test",
                extra=orjson.dumps({**asdict(labels), "relation": labels.relation}).decode(),
            )
            rows.add(number, line, row)
            rows.matches.append(Match(score=float(labels.image_adds), matched=labels.image_adds))
        if len(rows) >= ROWS_AT_A_TIME:
            yield rows.done()
            rows = RowList()
    yield rows.done()


def read_trc_labels(path: Path) -> tuple[dict[str, TrcLabels], list[BadRow]]:
    """The whole rows of the file without texts, and the damaged ones."""
    labels: dict[str, TrcLabels] = {}
    bad: list[BadRow] = []
    for number, line in numbered_lines(path, 1 << 20):
        if isinstance(line, BadRow):
            bad.append(line)
        elif line.strip() and number > 1:
            try:
                tweet_id, *marks = _matched(_LABEL_ROW, decoded(line))
                labels[tweet_id] = _checked(marks)
            except RowFault as fault:
                bad.append(bad_row(number, fault, line))
    return labels, bad


def _expect_text(path: Path, header: bytes | BadRow) -> None:
    names = b"" if isinstance(header, BadRow) else header
    if b"tweet_id" not in names:
        raise WrongInput(f"{path}:1: the header of the corpus expected (tweet_id, tweet, labels)")
    if b'"tweet"' not in names:
        raise WrongInput(f"{path}: ids and labels, no texts, so no posts; use MM-MKP's copy, textimage-data.csv")


def _text_row(line: bytes) -> tuple[str, str, TrcLabels]:
    tweet_id, text, *marks = _matched(_TEXT_ROW, _TEXT_END.sub(r'","\1",', decoded(line)))
    text = re.sub(r"\\(.)", r"\1", text.replace('""', '"')).strip()
    return tweet_id, _IMAGE_LINK.sub("", text), _checked(marks)


def _matched(pattern: re.Pattern[str], line: str) -> tuple[str, ...]:
    found = pattern.fullmatch(line)
    if found is None:
        raise RowFault("bad_fields", "an id, a text and six labels 0 or 1 expected")
    return found.groups()


def _checked(marks: list[str]) -> TrcLabels:
    """The two labels; the other four are the classes that these make, one of them 1."""
    represented, adds, *joint = (mark == "1" for mark in marks)
    expected = [adds and represented, adds and not represented, not adds and represented, not adds and not represented]
    if joint != expected:
        raise RowFault("schema", f"labels {','.join(marks)} contradict each other")
    return TrcLabels(text_is_represented=represented, image_adds=adds)
