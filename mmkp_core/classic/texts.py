"""The words and phrases that a classic system makes of posts, and the vocabularies that the training posts give."""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from mmkp_core.classic.memory import Memory, mean_vectors
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.post import Example, ImageFeatures
from mmkp_core.data.text import tokens
from mmkp_core.data.vocabulary import SEGMENT, Vocabulary, class_vocabulary, word_vocabulary
from mmkp_core.vision.ocr.clean import cmkp_words

RANDOM_WORDS = 5
LONGEST_PHRASE = 20  # words; the longest published keyphrase has 7. A longer one is learned up to here


@dataclass(frozen=True, slots=True)
class Vocabularies:
    words: Vocabulary
    classes: Vocabulary
    tokens: frozenset[str] = frozenset()
    """Every word of the training posts' own texts and keyphrases, where the image's words are cleaned by them."""
    memory: Memory | None = None
    """The training posts themselves, where a system looks for neighbours among them."""


def source_words(example: Example, reads: ReadSpec, known: Collection[str] = frozenset()) -> list[str]:
    """The words that a system reads of a post: its own, then those in its image.

    With entities it is three parts for every post, as in MM-MKP's files, the middle one blank where nothing was read;
    random words in place of the entities are not among them (`random_words`). `known` are the words of the training
    posts, by which the image's are cleaned.
    """
    own = tokens(example.post.text.lower()) if reads.own_words else []
    matches = example.match is None or example.match >= reads.least_match
    seen = tokens(_cleaned(example.image_words.lower(), reads, known)) if reads.image_words and matches else []
    if reads.entities:
        return [*own, SEGMENT, *seen, SEGMENT, *(_entity_words(example, reads) if matches else [])]
    return [*own, SEGMENT, *seen] if seen or (reads.image_words and reads.parts == "always") else own


def _cleaned(words: str, reads: ReadSpec, known: Collection[str]) -> str:
    return cmkp_words(words, known) if reads.cleaning == "cmkp" else words


def _entity_words(example: Example, reads: ReadSpec) -> list[str]:
    named = {"entities": example.entities, "attributes": example.attributes, "random_words": ()}[reads.in_their_place]
    return tokens(" ; ".join(named).lower())


def random_words(post_id: str, known: Vocabulary) -> list[str]:
    """Five known words, the same for a post each time."""
    choice = list(known.words[known.specials :])
    return random.Random(post_id).sample(choice, min(RANDOM_WORDS, len(choice)))


def attribute_words(example: Example, reads: ReadSpec) -> list[str]:
    if not reads.attributes:
        return []
    return [word for attribute in example.attributes for word in tokens(attribute.lower())]


def phrase_words(keyphrase: str) -> list[str]:
    return tokens(keyphrase.lower())[:LONGEST_PHRASE]


def phrases(example: Example) -> list[list[str]]:
    """The distinct keyphrases of a post, in words."""
    distinct = dict.fromkeys(tuple(phrase_words(keyphrase)) for keyphrase in example.post.keyphrases)
    return [list(words) for words in distinct if words]


def first_place(phrase: Sequence[str], source: Sequence[str]) -> int | None:
    """Where `phrase` stands first in `source`, word by word."""
    places = range(len(source) - len(phrase) + 1)
    return next((at for at in places if source[at : at + len(phrase)] == phrase), None)


def vocabularies(train: Sequence[Example], spec: ClassicSpec, features: ImageFeatures | None = None) -> Vocabularies:
    """What the training posts teach of words and classes, and nothing else does."""

    known = _own_tokens(train) if spec.reads.cleaning == "cmkp" else frozenset[str]()

    def texts() -> Iterator[list[str]]:
        for example in train:
            yield source_words(example, spec.reads, known)[: spec.reads.longest]
            yield from phrases(example)
            yield attribute_words(example, spec.reads)

    classes = class_vocabulary(" ".join(words) for example in train for words in phrases(example))
    memory = remembered(train, spec, known, features) if spec.neighbours else None
    return Vocabularies(word_vocabulary(texts(), spec.words), classes, known, memory)


def _own_tokens(train: Sequence[Example]) -> frozenset[str]:
    own = (word for example in train for word in tokens(example.post.text.lower()))
    return frozenset((*own, *(word for example in train for words in phrases(example) for word in words)))


def remembered(
    train: Sequence[Example], spec: ClassicSpec, known: Collection[str], features: ImageFeatures | None
) -> Memory:
    return Memory(
        post_ids=[example.post.post_id for example in train],
        texts=[source_words(example, spec.reads, known)[: spec.reads.longest] for example in train],
        phrases=[[tuple(words) for words in phrases(example)] for example in train],
        vectors_PD=None if features is None else mean_vectors(features, [e.post.image_key for e in train]),
    )
