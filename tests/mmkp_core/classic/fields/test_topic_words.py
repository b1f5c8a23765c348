import numpy as np
import pytest

from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.fields.topic_words import TopicWordField
from mmkp_core.classic.parts.topics import TopicSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import Vocabularies
from mmkp_core.data.vocabulary import SEGMENT, class_vocabulary, word_vocabulary
from tests.mmkp_core.classic.small import example, inputs

KNOWN = Vocabularies(word_vocabulary([["the", "cup", SEGMENT, "2-1", "goal", "rare"]], 10), class_vocabulary([]))


def counts(*texts: str, words: int = 10, left_out: int = 1) -> list[list[float]]:
    spec = ClassicSpec(topics=TopicSpec(words=words, left_out=left_out))
    field = TopicWordField(FieldInputs([example(text) for text in texts], KNOWN, spec, None, 1))
    found: list[list[float]] = field.batch(np.arange(len(texts))).counts_BV.tolist()
    return found


def test_known_words_with_a_letter_are_counted_but_for_the_most_frequent() -> None:
    cup_seg_score_goal_rare = counts("the cup the cup 2-1 unknown rare", "")

    assert cup_seg_score_goal_rare == [[2, 0, 0, 0, 1], [0, 0, 0, 0, 0]]


def test_no_more_words_are_looked_at_than_asked() -> None:
    assert counts("cup goal rare", words=4) == [[1, 0, 0, 1]]


def test_one_word_is_left_however_few_there_are() -> None:
    assert counts("the rare", left_out=100) == [[1]]


def test_the_words_of_the_image_count_where_they_are_read() -> None:
    spec = ClassicSpec(topics=TopicSpec(left_out=1))
    field = TopicWordField(FieldInputs([example("cup", seen="cup goal")], KNOWN, spec, None, 1))

    assert field.batch(np.array([0])).counts_BV.tolist() == [[2, 0, 0, 1, 0]]


def test_a_system_without_topics_has_no_such_field() -> None:
    with pytest.raises(TypeError, match="without topics"):
        TopicWordField(inputs([example("one", "two")], ClassicSpec()))
