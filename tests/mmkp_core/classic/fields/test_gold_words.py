import numpy as np

from mmkp_core.classic.fields.gold_words import GoldField
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.vocabulary import PAD, SPECIALS
from tests.mmkp_core.classic.small import example, inputs


def test_keyphrases_are_texts_to_be_read_longest_first() -> None:
    given = inputs([example("one two three", "two", "one two"), example("one", "three")], ClassicSpec())
    one, two, three = range(len(SPECIALS), len(SPECIALS) + 3)
    batch = GoldField(given).batch(np.array([1, 0]))

    assert batch.words.words_LB.T.tolist() == [[one, two], [three, PAD], [two, PAD]]
    assert batch.words.mask_BL.tolist() == [[True, True], [True, False], [True, False]]
    assert batch.words.lengths == [2, 1, 1]
    assert batch.post_N.tolist() == [1, 0, 1]
