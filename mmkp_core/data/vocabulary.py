"""The words and phrases that a model knows, under their numbers.

Words of source and target share one list. A source word outside it (OOV) can still be copied: within its own post it
gets a number after the last word's, in order of appearance (`CopyCodes`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

PAD, BOS, EOS, UNK, SEP, NULL = range(6)
SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>", "<sep>", "<null>")
SEGMENT = "<seg>"
"""Opens the image's words in a source text; an ordinary word."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A numbered list of words, or of whole phrases; `unknown` is the number of what is not in it."""

    words: tuple[str, ...]
    unknown: int
    specials: int
    """How many entries at the start are signs, which no text can name."""
    numbers: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers = {word: number for number, word in enumerate(self.words) if number >= self.specials}
        object.__setattr__(self, "numbers", numbers)

    def __len__(self) -> int:
        return len(self.words)

    def number(self, word: str) -> int:
        return self.numbers.get(word, self.unknown)


def word_vocabulary(texts: Iterable[Sequence[str]], size: int) -> Vocabulary:
    """The `size` most frequent words of `texts` after the signs; of equals the first seen comes first."""
    counts = Counter(word for text in texts for word in text)
    known = [word for word, _ in counts.most_common() if word not in SPECIALS][:size]
    return Vocabulary((*SPECIALS, *known), unknown=UNK, specials=len(SPECIALS))


def class_vocabulary(phrases: Iterable[str]) -> Vocabulary:
    """Every distinct phrase as a class, most frequent first; class 0 stands for any other phrase."""
    counts = Counter(phrases)
    return Vocabulary((SPECIALS[UNK], *(phrase for phrase, _ in counts.most_common())), unknown=0, specials=1)


@dataclass(frozen=True, slots=True)
class CopyCodes:
    """One source text in numbers."""

    words: list[int]
    """As the encoder reads it: a word outside the vocabulary is `<unk>`."""
    copies: list[int]
    """As it is copied: a word outside the vocabulary has the post's own number."""
    oov: dict[str, int]
    """The post's own numbers: word -> number, from `len(vocabulary)` on."""

    def target(self, words: Iterable[str], vocabulary: Vocabulary) -> list[int]:
        """A phrase's words in numbers; a word that only the source knows keeps the source's number."""
        return [vocabulary.numbers.get(word) or self.oov.get(word, UNK) for word in words]


def copy_codes(words: Sequence[str], vocabulary: Vocabulary, most_oov: int) -> CopyCodes:
    """`words` in numbers; after `most_oov` distinct unknown words any further one is plainly unknown."""
    numbers = [vocabulary.number(word) for word in words]
    oov: dict[str, int] = {}
    copies = []
    for word, number in zip(words, numbers, strict=True):
        if number == UNK and word not in SPECIALS:
            if word not in oov and len(oov) < most_oov:
                oov[word] = len(vocabulary) + len(oov)
            number = oov.get(word, UNK)
        copies.append(number)
    return CopyCodes(numbers, copies, oov)
