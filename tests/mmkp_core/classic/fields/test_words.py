from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.fields.phrases import PhraseField
from mmkp_core.classic.fields.words import WordField
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import Vocabularies
from mmkp_core.data.vocabulary import PAD, UNK, class_vocabulary, word_vocabulary
from tests.mmkp_core.classic.small import example, inputs, samples


def test_words_are_numbers_and_an_unknown_one_is_copied_under_its_posts_own() -> None:
    known = Vocabularies(word_vocabulary([["one", "two", "three"]], 10), class_vocabulary([]))
    field = WordField(FieldInputs([example("one two"), example("one two three four")], known, ClassicSpec(), None, 1))
    batch = field.batch(np.array([1, 0]))
    one, two, three, four = 6, 7, 8, 9  # four is past the vocabulary

    assert batch.lengths == [4, 2]
    assert batch.words_LB.T.tolist() == [[one, two, three, UNK], [one, two, PAD, PAD]]
    assert batch.copied_BL.tolist() == [[one, two, three, four], [one, two, PAD, PAD]]
    assert batch.mask_BL.tolist() == [[True] * 4, [True, True, False, False]]


@given(st.lists(st.tuples(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3)), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_text_becomes_a_batch(raw: list[tuple[str, list[str]]]) -> None:
    given = inputs([example(text, *keyphrases) for text, keyphrases in raw], ClassicSpec(words=20))
    batch = samples(given, WordField, PhraseField).batch(np.arange(len(raw)))
    words, phrases = batch[WordField], batch[PhraseField]

    assert words.words_LB.shape == (max(words.lengths), len(raw))
    assert int(words.words_LB.max()) < len(given.known.words)
    assert int(phrases.read_TN.max() if phrases.read_TN.numel() else 0) < len(given.known.words)
    assert len(phrases.target_M) == sum(phrases.lengths)


def test_the_parts_of_a_text_are_told_apart_from_their_sign_on() -> None:
    post = replace(example("my text", "x", seen="of image"), entities=("a cup",))
    batch = WordField(inputs([post, example("bare", "x")], ClassicSpec(reads=ReadSpec(entities=True)))).batch(
        np.array([0, 1])
    )

    assert batch.part_LB.T.tolist() == [[0, 0, 1, 1, 1, 2, 2, 2], [0, 1, 2, 0, 0, 0, 0, 0]]
