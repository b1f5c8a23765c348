"""Cuts hashtags into words by the words of the posts that they come from.

`#teamindia` has no humps to cut at. Where the posts' own words make it likely, it is `team india` (a unigram model: of
all ways to cut, the one whose words are the most probable together). All spellings of one tag are cut alike: as most of
those are that show their words by humps or underscores, and only where none does by the model.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from mmkp_core.data.hashtags import segments, tags_in

LONGEST_WORD = 24
SHORTEST_UNKNOWN = 3
FEW_WORDS = 1_000_000
"""With fewer words counted, one that is not among them is as unlikely as with so many."""
_WORD = re.compile(r"[^\W\d_]+")


class Segmenter:
    """What the texts of a source tell of its tags; filled text by text, then asked."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._spellings: dict[str, Counter[str]] = {}
        self._total = 0
        self._cuts: dict[str, tuple[int, ...]] = {}

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Segmenter":
        found = cls()
        for text in texts:
            found.add(text)
        return found

    def add(self, text: str) -> None:
        at = 0
        for start, end in tags_in(text):
            self._count(text[at:start])
            tag = text[start + 1 : end]
            self._spellings.setdefault(letters(tag).lower(), Counter())[tag] += 1
            at = end
        self._count(text[at:])

    def _count(self, text: str) -> None:
        words = _WORD.findall(text.lower())
        self._words.update(words)
        self._total += len(words)

    def words_of(self, tag: str) -> list[str]:
        """The words of a tag, as it is written."""
        plain = letters(tag)
        key = plain.lower()
        if len(key) != len(plain):  # a letter whose small form is two
            return segments(tag)
        if key not in self._spellings and len(shown := self._joined(segments(tag))) > 1 and not tag.islower():
            return shown  # a tag of other texts
        if key not in self._cuts:
            self._cuts[key] = self._cut(key)
        words, start = [], 0
        for length in self._cuts[key]:
            words.append(plain[start : start + length])
            start += length
        return words

    def _cut(self, key: str) -> tuple[int, ...]:
        ways: Counter[tuple[int, ...]] = Counter()
        for spelling, count in self._spellings.get(key, Counter()).items():
            words = self._joined(segments(spelling))
            if len(words) > 1 and any(character.isupper() or character == "_" for character in spelling[1:]):
                ways[tuple(map(len, words))] += count
        if ways:
            return ways.most_common(1)[0][0]
        return tuple(len(word) for piece in segments(key) for word in self._likeliest(piece))

    def _joined(self, words: Sequence[str]) -> list[str]:
        """`i Phone` is one word where the posts say `iphone` more readily than `i` and `phone`."""
        found = list(words)
        if len(found) > 1 and len(found[0]) == 1 and found[0].islower() and found[1].isalpha():
            whole = (found[0] + found[1]).lower()
            if self._score(whole) > self._score(found[0]) + self._score(found[1].lower()):
                found[:2] = [found[0] + found[1]]
        return found

    def _likeliest(self, piece: str) -> list[str]:
        """The most probable words of a piece without humps; itself where nothing is known of it."""
        if not piece.isalpha() or len(piece) < 4:
            return [piece]
        best: list[tuple[float, int]] = [(0.0, 0)]  # up to each letter: the score, and minus where the last word begins
        for end in range(1, len(piece) + 1):
            starts = range(max(0, end - LONGEST_WORD), end)
            best.append(max((best[start][0] + self._score(piece[start:end]), -start) for start in starts))
        words, end = [], len(piece)
        while end:
            start = -best[end][1]
            words.append(piece[start:end])
            end = start
        return words[::-1]

    def _score(self, word: str) -> float:
        """Log of a word's share of all words; one that is not known is the less likely the longer it is."""
        if len(word) < 2 and word not in ("a", "i"):
            return -math.inf
        if count := self._words[word]:
            return math.log(count / self._total)
        if len(word) < SHORTEST_UNKNOWN:
            return -math.inf
        return math.log(10 / max(self._total, FEW_WORDS)) - len(word) * math.log(10)


def letters(tag: str) -> str:
    return tag.replace("_", "")
