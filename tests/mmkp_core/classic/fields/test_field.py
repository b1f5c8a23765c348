import numpy as np

from mmkp_core.classic.fields.field import padded
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.vocabulary import UNK
from tests.mmkp_core.classic.small import example, inputs, small


def test_a_text_longer_than_what_is_read_is_cut() -> None:
    given = inputs([example("a b c d e", "a"), example("", "a")], ClassicSpec(reads=ReadSpec(longest=3)))

    assert [given.source(0), given.source(1)] == [["a", "b", "c"], [""]]
    assert [len(codes.words) for codes in given.codes] == [3, 1]


def test_a_writer_that_does_not_copy_has_no_numbers_for_unknown_words() -> None:
    known = inputs([example("go", "go")], small("att")).known
    for system, expected in (("copy", [5, 6]), ("att", [5, UNK])):
        given = inputs([example("go zorb")], small(system))
        assert type(given)(given.examples, known, given.spec, None, 1).codes[0].copies == expected


def test_the_keyphrases_of_a_batch_come_longest_first() -> None:
    given = inputs([example("a", "x", "x y z"), example("b", "x y")], ClassicSpec())

    assert given.pairs(np.array([1, 0])) == [(1, 1), (0, 0), (1, 0)]


def test_padding_leaves_at_least_one_place() -> None:
    assert padded([[7], [8, 9]]).tolist() == [[7, 0], [8, 9]]
    assert padded([[], []]).tolist() == [[0], [0]]
