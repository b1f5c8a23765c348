"""Turns the lines that an engine read into one string of words."""

import re
from collections.abc import Collection, Iterable, Sequence

from mmkp_core.vision.ocr.engine import Line

CLEAN_VERSION = 1  # raise it when the same lines may give other words

_WORD = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*", re.UNICODE)
_LATIN = re.compile(r"[a-zA-Z]+")


def words_of(lines: Sequence[Line], min_score: float) -> str:
    """Blank-separated lower-case words in reading order.

    A line with fewer than two letters says nothing: engines read specks and drawn icons as "6", "■", "★", "O", "X" or
    "十", and shapes would get into the text (a ring was read as "O" in ten of forty drawn icons).
    """
    sure = [line for line in lines if line.score >= min_score and sum(map(str.isalpha, line.text)) > 1]
    return " ".join(word.lower() for line in reading_order(sure) for word in _WORD.findall(line.text))


def reading_order(lines: Iterable[Line]) -> list[Line]:
    """Rows from the top, each from the left. A line joins a row when its middle lies within the row's first line."""
    rows: list[tuple[float, float, list[Line]]] = []
    for line in sorted(lines, key=lambda line: (_top(line), line.box[0])):
        middle = (_top(line) + _bottom(line)) / 2
        for top, bottom, row in rows:
            if top <= middle <= bottom:
                row.append(line)
                break
        else:
            rows.append((_top(line), _bottom(line), [line]))
    return [line for _, _, row in rows for line in sorted(row, key=lambda line: (line.box[0], _top(line)))]


def cmkp_words(words: str, known: Collection[str]) -> str:
    """The cleaning of the CMKP data: what stays of the words, or nothing if too little is left.

    `known` are the tokens of the training posts; the published rule took them from all three splits.
    """
    kept = [word for word in words.split() if len(word) > 1 and _LATIN.fullmatch(word) and word in known]
    long = sum(len(word) > 3 for word in kept)
    short = sum(len(word) < 3 for word in kept)
    if long < 3 or short >= 0.75 * len(kept):
        return ""
    return " ".join(kept)


def _top(line: Line) -> float:
    return min(line.box[1::2])


def _bottom(line: Line) -> float:
    return max(line.box[1::2])
