from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.vocabulary import BOS, EOS, NULL, PAD, SEP, UNK, class_vocabulary, copy_codes, word_vocabulary


def test_signs_come_first_then_words_by_frequency_and_of_equals_the_first_seen() -> None:
    known = word_vocabulary([["late", "night"], ["night", "bus", "late"], ["night"]], size=10)

    assert known.words == ("<pad>", "<bos>", "<eos>", "<unk>", "<sep>", "<null>", "night", "late", "bus")
    assert (PAD, BOS, EOS, UNK, SEP, NULL) == (0, 1, 2, 3, 4, 5)


def test_only_the_most_frequent_words_are_known() -> None:
    known = word_vocabulary([["a", "a", "b", "b", "c"]], size=2)

    assert [known.number(word) for word in "abc"] == [6, 7, UNK]


def test_a_text_cannot_name_a_sign() -> None:
    known = word_vocabulary([["<eos>", "<pad>", "<unk>", "word"]], size=10)
    codes = copy_codes(["<eos>", "word", "<pad>"], known, most_oov=5)

    assert codes.words == [UNK, 6, UNK]
    assert codes.copies == [UNK, 6, UNK]


def test_classes_are_the_phrases_by_frequency_behind_a_class_for_all_others() -> None:
    classes = class_vocabulary(["cwc 19", "brexit", "brexit"])

    assert classes.words == ("<unk>", "brexit", "cwc 19")
    assert [classes.number(phrase) for phrase in ("brexit", "cwc 19", "kca")] == [1, 2, 0]


def test_unknown_source_words_are_copied_under_numbers_of_their_own() -> None:
    known = word_vocabulary([["the", "at"]], size=10)  # the = 6, at = 7, so the first OOV word is 8
    codes = copy_codes(["the", "zorb", "at", "the", "flim", "zorb"], known, most_oov=15)

    assert codes.words == [6, UNK, 7, 6, UNK, UNK]
    assert codes.copies == [6, 8, 7, 6, 9, 8]
    assert codes.target(["flim", "the", "elsewhere"], known) == [9, 6, UNK]


def test_a_word_beyond_the_most_that_can_be_copied_is_plainly_unknown() -> None:
    known = word_vocabulary([["the"]], size=10)
    codes = copy_codes(["a", "b", "c", "a"], known, most_oov=2)

    assert codes.copies == [7, 8, UNK, 7]
    assert list(codes.oov) == ["a", "b"]


@given(st.lists(st.text(min_size=1), max_size=30), st.integers(0, 5))
def test_every_copy_leads_back_to_its_word(words: list[str], most_oov: int) -> None:
    known = word_vocabulary([["known"]], size=10)
    codes = copy_codes(words, known, most_oov)
    oov = list(codes.oov)

    assert len(oov) <= most_oov
    for word, copy in zip(words, codes.copies, strict=True):
        if copy >= len(known):
            assert oov[copy - len(known)] == word
        elif copy != UNK:
            assert known.words[copy] == word
