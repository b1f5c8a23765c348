"""Turns the hashtags of a raw post into keyphrases and takes them out of its text.

`Up all night for the final! #CWC19 #TeamIndia` is the text `Up all night for the final!` with the phrases
`cwc 19` and `team india`. Tags at the end serve only as tags and are cut, or the label would stand in the
text; a tag inside a sentence is one of its words and stays, without its sign, as in the published sets.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Literal

from annotated_types import Ge, Le

from mmkp_core.spec import spec


@spec
class HashtagSpec:
    """How hashtags become keyphrases."""

    segment: bool = True
    """Cut a tag into words: at underscores, at the humps of CamelCase, between letters and digits, and where none of
    these tells by the words of the source's own texts. All spellings of a tag are cut alike."""
    lower: bool = True
    """Lower-case the phrases."""
    trailing: Literal["cut", "keep"] = "cut"
    """What happens to tags at the end of the text; links, mentions and punctuation among them stay."""
    inline: Literal["words", "tag", "cut"] = "words"
    """What stays of a tag inside the text. words: its words; tag: the tag as written; cut: nothing."""
    shortest: Annotated[int, Ge(1), Le(20)] = 2
    """Fewest letters and digits that a tag needs to be a keyphrase."""
    numbers: bool = False
    """Whether a tag of digits alone (`#1`) is a keyphrase."""


def from_hashtags(
    text: str, spec: HashtagSpec, cut: Callable[[str], Sequence[str]] | None = None
) -> tuple[str, tuple[str, ...]]:
    """The text with its tags treated as `spec` says, and the phrases in order of appearance, each once.

    `cut` gives the words of a tag: `segments`, unless somebody knows better.
    """
    text = one_form(text)
    if "#" not in text:
        return text, ()
    cut = cut or segments
    phrases = dict.fromkeys(filter(None, (_phrase(text[start + 1 : end], spec, cut) for start, end in _tags(text))))
    body, tail = _cut_trailing(text) if spec.trailing == "cut" else (text, [])
    return " ".join([*_inline(body, spec, cut).split(), *tail]), tuple(phrases)


def without_labels(text: str, phrases: Iterable[str]) -> tuple[str, int]:
    """A text without the tags that state one of its phrases, treated as `from_hashtags` does, and their number."""
    labels = {_letters(phrase) for phrase in phrases}
    text = one_form(text)
    words = text.split()
    kept, found = len(_cut_trailing(text)[0].split()), 0
    left: list[str] = []
    for at, word in enumerate(words):
        tags = [(start, end) for start, end in _tags(word) if _letters(word[start + 1 : end]) in labels]
        found += len(tags)
        if tags and at >= kept and len(tags) == len(list(_tags(word))) and _only_tags(word):
            continue
        for start, end in reversed(tags):
            word = f"{word[:start]}{' '.join(segments(word[start + 1 : end]))}{word[end:]}"
        left.append(word)
    return (" ".join(left), found) if found else (text, 0)


def _letters(phrase: str) -> str:
    """What spellings of one phrase or tag have in common."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", phrase))).casefold()


def one_form(text: str) -> str:
    """Letters in NFC, every sign of a tag as `#`."""
    return unicodedata.normalize("NFC", text).translate(_ONE_SIGN)


def tags_in(text: str) -> Iterator[tuple[int, int]]:
    """Where the tags of a text in `one_form` stand, sign included."""
    return _tags(text)


def segments(tag: str) -> list[str]:
    """The words of a tag: `CWC19` is `CWC 19`, `ReleaseTheSnyderCut` four words, `stop_adani` two.

    What is one word to its readers stays one: `SDGs`, `75th`, `F1`, `5G`.
    """
    shape = ""
    for character in tag:
        shape += _kind(character) or shape[-1:] or "o"
    words, start = [], 0
    for cut in (*(match.end() for match in _WORD_SHAPE.finditer(shape)), len(tag)):
        if word := tag[start:cut].strip("_"):
            words.append(word)
        start = cut
    return words


_ONE_SIGN = {0xFF03: "#", 0xFE5F: "#"}
# The shape of a tag has a letter per character: U upper, l lower, d digit, o any other letter, _ underscore.
_WORD_SHAPE = re.compile(
    r"""_+
    | (?<![Ulo])[Ulo]d+(?![Uldo])        # F1, G20
    | d+[Ulo](?![Ulo])                   # 5G, 3D
    | d+l{2}(?![lo])                     # 75th, 1st
    | d+
    | U+l(?![lo])                        # SDGs, MVPs: one small letter closes a word of capitals
    | U+(?=Ul)                           # NBA|Finals
    | U?l+
    | U+
    | o+
    """,
    re.VERBOSE,
)
_LINK_OR_MENTION = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/)\S+|@\w+[.,:;!?]*|<[a-z]+>", re.IGNORECASE)


def _kind(character: str) -> str:
    """Empty for marks and joiners: they go with the letter before them."""
    match unicodedata.category(character):
        case "Lu" | "Lt":
            return "U"
        case "Ll":
            return "l"
        case "Mn" | "Mc" | "Me" | "Cf":
            return ""
        case "Nd" | "Nl" | "No":
            return "d"
    return "_" if character == "_" else "o"


def _tags(text: str) -> Iterator[tuple[int, int]]:
    """Where the tags stand, sign included. A sign after a letter or digit begins none (`C#`, `page.html#top`, `&#39;`),
    unless that belongs to a tag itself (`#one#two`)."""
    at, last_end = text.find("#"), -1
    while at >= 0:
        end = at + 1
        while end < len(text) and (text[end] == "_" or unicodedata.category(text[end])[0] in "LN"):
            end += 1
            while end < len(text) and (unicodedata.category(text[end])[0] == "M" or text[end] in "\u200c\u200d"):
                end += 1
        before = text[at - 1] if at else " "
        if end > at + 1 and (at == last_end or not (before.isalnum() or before in "_&/")):
            yield at, end
            last_end = end
        at = text.find("#", end)


def _phrase(tag: str, spec: HashtagSpec, cut: Callable[[str], Sequence[str]]) -> str:
    """The keyphrase of a tag; empty where the tag is none."""
    tag = unicodedata.normalize("NFKC", tag).strip("\u200c\u200d")
    letters = sum(map(str.isalnum, tag))
    if letters < spec.shortest or (not spec.numbers and not any(map(str.isalpha, tag))):
        return ""
    phrase = " ".join(cut(tag)) if spec.segment else tag
    return phrase.lower() if spec.lower else phrase


def _cut_trailing(text: str) -> tuple[str, list[str]]:
    """The text before its closing run of tags, and what stood among these that is no tag."""
    words = text.split()
    kept = len(words)
    for i in reversed(range(len(words))):
        if _only_tags(words[i]):
            kept = i
        elif any(map(str.isalnum, words[i])) and not _LINK_OR_MENTION.fullmatch(words[i]):
            break
    return " ".join(words[:kept]), [word for word in words[kept:] if not _only_tags(word)]


def _only_tags(word: str) -> bool:
    spans = list(_tags(word))
    inside = {i for start, end in spans for i in range(start, end)}
    return bool(spans) and not any(word[i].isalnum() for i in range(len(word)) if i not in inside)


def _inline(text: str, spec: HashtagSpec, cut: Callable[[str], Sequence[str]]) -> str:
    if spec.inline == "tag":
        return text
    pieces, at = [], 0
    for start, end in _tags(text):
        words = cut(text[start + 1 : end]) if spec.segment else [text[start + 1 : end]]
        pieces += [text[at:start], " ".join(words) if spec.inline == "words" else ""]
        at = end
    return "".join([*pieces, text[at:]])
