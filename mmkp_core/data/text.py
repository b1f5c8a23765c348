"""Normalises text for comparison; the only place where that is done.

Three forms, each with its own use:

    source tokens   the text split at white space, nothing else            what systems read and copy from
    normal form     lower-cased, split at single blanks, Porter-stemmed    what phrases are scored by
    overlap form    letters and digits only, compatibility characters      what duplicates are found by
                    folded, placeholders dropped

The stemmer is NLTK's Porter in its default mode: the published figures of the field were counted with it.
"""

import functools
import re
import unicodedata
from collections.abc import Callable

LONGEST_STEMMED = 100
"""Longer words stay as they are: NLTK's Porter recurses once per letter of a run of `y` and dies at about 1,000."""

_PLACEHOLDER = re.compile(r"<[a-z]+>")
_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")
_INVISIBLE = (
    r"\s\x00-\x1f\x7f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_VISIBLE = re.compile(f"[{_INVISIBLE}]*[^{_INVISIBLE}]")

has_visible = _VISIBLE.match
"""Truthy for a text with at least one character that leaves a mark: an emoji counts, a zero-width joiner does not."""


def tokens(text: str) -> list[str]:
    """The source tokens of a post: split at white space, no further rule."""
    return text.split()


@functools.lru_cache(maxsize=1 << 20)
def stem(word: str) -> str:
    """The Porter stem of one word, lower-cased."""
    word = word.strip().lower()
    return word if len(word) > LONGEST_STEMMED else _porter()(word)


@functools.lru_cache(maxsize=1 << 18)
def normal_form(phrase: str) -> str:
    """The form by which phrases are compared and scored; two blanks in a row make an empty word, as in the papers."""
    return " ".join(map(stem, phrase.strip().split(" ")))


def source_form(text: str) -> str:
    """The stemmed source tokens between single blanks, with a blank at both ends: a phrase is looked up in it whole."""
    return f" {' '.join(map(stem, text.split()))} "


def overlap_form(text: str) -> str:
    """The form by which duplicates are found."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return " ".join(_LETTERS_AND_DIGITS.findall(_PLACEHOLDER.sub(" ", folded)))


@functools.cache
def _porter() -> Callable[[str], str]:
    from nltk.stem.porter import PorterStemmer  # loads 1,100 modules, 1 s

    stemmer: Callable[[str], str] = PorterStemmer().stem
    return stemmer
