import numpy as np
import pytest

from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.fields.phrase_sets import PhraseSetField
from mmkp_core.classic.parts.writers import SetWriterSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import Vocabularies
from mmkp_core.data.vocabulary import BOS, EOS, NULL, PAD, SPECIALS, UNK, class_vocabulary, word_vocabulary
from tests.mmkp_core.classic.small import example, inputs

ONE, TWO, OWN = range(len(SPECIALS), len(SPECIALS) + 3)
NONE = [NULL, PAD, PAD]


def sets(text: str, *keyphrases: str) -> tuple[list[list[int]], list[list[int]]]:
    """What is read and what is to be written, of four codes and three steps."""
    known = Vocabularies(word_vocabulary([["one", "two"]], 10), class_vocabulary(["two"]))
    spec = ClassicSpec(writer=SetWriterSpec(codes=4, steps=3))
    batch = PhraseSetField(FieldInputs([example(text, *keyphrases)], known, spec, None, 1)).batch(np.array([0]))
    return batch.read_BNT[0].tolist(), batch.target_BNT[0].tolist()


def test_the_phrases_of_the_text_stand_in_the_first_half_and_the_others_in_the_second() -> None:
    read, written = sets("one own", "two", "own")

    assert written == [[OWN, EOS, PAD], NONE, [TWO, EOS, PAD], NONE]
    assert read == [[BOS, UNK, EOS], [BOS, NULL, PAD], [BOS, TWO, EOS], [BOS, NULL, PAD]]


def test_what_does_not_fit_is_cut_or_left_out() -> None:
    _, written = sets("one two one two", "one two one two", "two", "one")

    assert written == [[ONE, EOS, PAD], [ONE, TWO, ONE], NONE, NONE]  # "two" stands after them


def test_a_post_without_keyphrases_has_nothing_to_write() -> None:
    assert sets("one")[1] == [NONE] * 4


def test_only_a_writer_of_sets_reads_them_so() -> None:
    with pytest.raises(TypeError, match="only a writer of sets"):
        PhraseSetField(inputs([example("one", "two")], ClassicSpec()))
