from typing import Literal

import numpy as np

from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.fields.labels import LabelField
from mmkp_core.classic.fields.phrases import PhraseField
from mmkp_core.classic.parts.writers import GruWriterSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import Vocabularies
from mmkp_core.data.vocabulary import BOS, EOS, PAD, SEP, SPECIALS, UNK, class_vocabulary, word_vocabulary
from tests.mmkp_core.classic.small import example

WORDS = range(len(SPECIALS), len(SPECIALS) + 4)


def given(target: Literal["each", "all"] = "each") -> FieldInputs:
    examples = [example("one two", "two", "one two three"), example("one two three four", "four")]
    known = Vocabularies(word_vocabulary([["one", "two", "three"]], 10), class_vocabulary(["two"]))
    return FieldInputs(examples, known, ClassicSpec(writer=GruWriterSpec(target=target)), None, 1)


def test_the_phrases_of_all_posts_stand_side_by_side_longest_first() -> None:
    batch = PhraseField(given()).batch(np.array([1, 0]))
    one, two, three, four = WORDS  # four is past the vocabulary: its post's own number

    assert batch.lengths == [4, 2, 2]  # "one two three", then "four" and "two", end signs included
    assert batch.post_N.tolist() == [1, 0, 1]
    assert batch.read_TN.T.tolist() == [[BOS, one, two, three], [BOS, UNK, PAD, PAD], [BOS, two, PAD, PAD]]
    assert batch.target_M.tolist() == [one, four, two, two, EOS, EOS, three, EOS]  # step by step
    assert batch.post_M.tolist() == [1, 0, 1, 1, 0, 1, 1, 1]


def test_all_phrases_of_a_post_can_be_one_sequence_with_those_of_its_text_first() -> None:
    batch = PhraseField(given("all")).batch(np.array([1, 0]))
    one, two, three, _ = WORDS

    assert batch.lengths == [6, 2]
    assert batch.read_TN.T.tolist() == [[BOS, two, SEP, one, two, three], [BOS, UNK, PAD, PAD, PAD, PAD]]
    assert batch.post_N.tolist() == [1, 0]


def test_a_post_without_keyphrases_has_no_sequence() -> None:
    bare = FieldInputs([example("one")], given("all").known, given("all").spec, None, 1)

    assert PhraseField(bare).batch(np.array([0])).lengths == []


def test_labels_stand_in_the_order_of_the_phrases() -> None:
    batch = LabelField(given()).batch(np.array([1, 0]))

    assert batch.post_N.tolist() == [1, 0, 1]
    assert batch.class_N.tolist() == [0, 0, 1]  # only "two" is a class
