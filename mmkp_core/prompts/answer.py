"""Writes and reads a list of phrases in a model's answer, in one format for teacher, student and evaluation.

    phrase; phrase                                      an answer
    <think>reasoning</think>                            an answer with reasoning before it
    phrase; phrase

The format is this project's own choice; the papers do not give theirs. One parser reads both forms, whatever a model
makes of them: reasoning that was cut off, no answer at all, numbered lines, hashtags, Chinese punctuation.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mmkp_core.prompts.fence import without_controls

OPEN, CLOSE = "<think>", "</think>"
SEPARATOR = "; "

_TAG = re.compile(r"<\s*/?\s*think\s*>", re.IGNORECASE)
_OPENED = re.compile(r"^\s*<think>", re.IGNORECASE)
_CLOSED = re.compile(r"</think>", re.IGNORECASE)
_SEPARATORS = re.compile(r"[;\uff1b\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_LABEL = re.compile(r"^\s*(?:key\s?phrases|hashtags|关键短语|关键词)\s*[:\uff1a]\s*", re.IGNORECASE)
_NUMBER = re.compile(r"^(\d{1,3})\s*[.)、]\s*")
_BULLET = re.compile(r"^[-*•·]\s+")
_QUOTES = "\"'`“”‘’「」『』"


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer, read."""

    phrases: tuple[str, ...]
    """Best first, each once; empty where the model gave none."""
    reasoning: str | None = None
    """None for an answer without reasoning."""
    complete: bool = True
    """False where the reasoning never ended, so no answer was reached."""


def render_answer(phrases: Iterable[str], reasoning: str | None = None) -> str:
    """The text that a model is trained to write."""
    line = SEPARATOR.join(phrase for raw in phrases if (phrase := clean_phrase(raw)))
    if reasoning is None:
        return line
    return f"{OPEN}{without_controls(_TAG.sub(' ', reasoning)).strip()}{CLOSE}\n{line}"


def parse_answer(text: str) -> Answer:
    """Read an answer with or without reasoning; reasoning may lack its opening tag, as some chat templates write it."""
    opened = _OPENED.match(text)
    closings = list(_CLOSED.finditer(text))
    if closings:
        start = opened.end() if opened else 0
        reasoning = _TAG.sub(" ", text[start : closings[-1].start()]).strip()
        return Answer(parse_phrases(text[closings[-1].end() :]), reasoning)
    if opened:
        return Answer((), _TAG.sub(" ", text[opened.end() :]).strip(), complete=False)
    return Answer(parse_phrases(text))


def parse_phrases(text: str) -> tuple[str, ...]:
    """The phrases of one answer line, or of one phrase a line; equal ones (but for case) are kept once."""
    pieces = [piece.strip() for piece in _SEPARATORS.split(_LABEL.sub("", _TAG.sub(" ", text))) if piece.strip()]
    numbers = [match and int(match[1]) for match in map(_NUMBER.match, pieces)]
    if len(pieces) > 1 and numbers == list(range(1, len(pieces) + 1)):  # "1. fc köln" alone is a club
        pieces = [_NUMBER.sub("", piece) for piece in pieces]
    first: dict[str, str] = {}
    for piece in pieces:
        if phrase := clean_phrase(_BULLET.sub("", piece).lstrip("#＃ ").strip(_QUOTES)):
            first.setdefault(phrase.casefold(), phrase)
    return tuple(first.values())


def clean_phrase(phrase: str) -> str:
    """A phrase as it can stand in an answer: one line, no separator, no tag, no characters that a file cannot hold."""
    return " ".join(_SEPARATORS.sub(" ", without_controls(_TAG.sub(" ", phrase))).split())
