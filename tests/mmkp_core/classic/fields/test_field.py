import numpy as np

from mmkp_core.classic.fields.field import FieldInputs, longest_first, padded
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.vocabulary import SPECIALS, UNK
from tests.mmkp_core.classic.small import example, inputs, small

FIRST = len(SPECIALS)  # the number of the first word


def test_a_text_longer_than_what_is_read_is_cut() -> None:
    given = inputs([example("a b c d e", "a"), example("", "a")], ClassicSpec(reads=ReadSpec(longest=3)))

    assert [given.source(0), given.source(1)] == [["a", "b", "c"], [""]]
    assert [len(codes.words) for codes in given.codes] == [3, 1]


def test_a_writer_that_does_not_copy_has_no_numbers_for_unknown_words() -> None:
    known = inputs([example("go", "go")], small("att")).known
    for system, expected in (("copy", [FIRST, FIRST + 1]), ("att", [FIRST, UNK])):
        given = inputs([example("go zorb")], small(system))
        assert type(given)(given.examples, known, given.spec, None, 1).codes[0].copies == expected


def test_the_keyphrases_of_a_batch_come_longest_first() -> None:
    given = inputs([example("a", "x", "x y z"), example("b", "x y")], ClassicSpec())

    assert longest_first(given.phrases, np.array([1, 0])) == [(1, 1), (0, 0), (1, 0)]


def test_those_of_the_text_come_in_its_order_before_the_others() -> None:
    """ "two one" stands nowhere word by word, and "own" is known to its post alone."""
    known = inputs([example("one two", "two one")], ClassicSpec()).known
    posts = [example("one two own one", "two one", "own", "one two", "one")]
    given = FieldInputs(posts, known, ClassicSpec(), None, 1)
    one, two, own = FIRST, FIRST + 1, FIRST + 2

    assert given.in_text_first(0) == ([[one], [one, two], [own]], [[two, one]])


def test_padding_leaves_at_least_one_place() -> None:
    assert padded([[7], [8, 9]]).tolist() == [[7, 0], [8, 9]]
    assert padded([[], []]).tolist() == [[0], [0]]
