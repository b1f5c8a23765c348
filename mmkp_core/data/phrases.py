"""Splits, joins and compares phrases: distinct ones, those present in a text, those seen in training.

All comparisons are made in normal form (`text.normal_form`).
"""

import re
from collections.abc import Iterable, Set

from mmkp_core.data.text import normal_form

_BREAKS_A_LINE = re.compile(r"[;\s\x00-\x1f\x85\u2028\u2029]+")


def split_phrases(field: str, separator: str = ";") -> tuple[str, ...]:
    """The phrases of one field: `charge on;american hoops`. Blank pieces are not phrases."""
    return tuple(piece for raw in field.split(separator) if (piece := raw.strip()))


def join_phrases(phrases: Iterable[str]) -> str:
    """One line of `phrase;phrase;...`. The format escapes nothing, so a separator inside a phrase becomes a blank."""
    return ";".join(line for phrase in phrases if (line := _BREAKS_A_LINE.sub(" ", phrase).strip()))


def distinct(phrases: Iterable[str]) -> tuple[str, ...]:
    """The phrases without those equal to an earlier one in normal form."""
    first: dict[str, str] = {}
    for phrase in phrases:
        first.setdefault(normal_form(phrase), phrase)
    return tuple(first.values())


def label_forms(keyphrases_of_posts: Iterable[Iterable[str]]) -> frozenset[str]:
    """The normal forms of all keyphrases: the labels of a training split."""
    return frozenset(normal_form(phrase) for keyphrases in keyphrases_of_posts for phrase in keyphrases)


def is_present(phrase: str, source: str) -> bool:
    """Whether the phrase stands in the text of which `source` is the `text.source_form`, as one run of whole words.

    Only what `source` was made from counts: words in the image do not unless they were appended. An empty
    phrase is never present.
    """
    form = normal_form(phrase)
    return bool(form) and f" {form} " in source


def is_seen(phrase: str, labels: Set[str]) -> bool:
    """Whether the phrase is among the labels of a training split (`label_forms`)."""
    return normal_form(phrase) in labels
