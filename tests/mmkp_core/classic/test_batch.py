import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkp_core.classic.batch import ClassicSamples, Vocabularies, phrases, source_words, vocabularies
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.data.vocabulary import BOS, EOS, PAD, UNK, class_vocabulary, word_vocabulary


def example(text: str, *keyphrases: str, image: str | None = None, seen: str = "") -> Example:
    return Example(post=Post(post_id=text, text=text, keyphrases=keyphrases, image=image), image_words=seen)


def test_the_images_words_follow_a_segment_sign() -> None:
    post = example("Vote NOW", seen="Polls open")

    assert source_words(post, ClassicSpec()) == ["vote", "now", "<seg>", "polls", "open"]
    assert source_words(post, ClassicSpec(image_words=False)) == ["vote", "now"]
    assert source_words(example("vote"), ClassicSpec()) == ["vote"]


def test_entities_are_a_third_part_that_every_post_has() -> None:
    post = Example(post=Post(post_id="1", text="Vote"), entities=("Red Star", "dog"))
    assert source_words(post, ClassicSpec(entities=True)) == ["vote", "<seg>", "<seg>", "red", "star", ";", "dog"]
    assert source_words(example("vote"), ClassicSpec(entities=True)) == ["vote", "<seg>", "<seg>"]


def test_a_keyphrase_given_twice_is_learned_once_and_a_blank_one_not_at_all() -> None:
    assert phrases(example("a", "Game of Thrones", "game  of thrones", " ", "hbo")) == [
        ["game", "of", "thrones"],
        ["hbo"],
    ]


def test_a_post_stands_once_in_a_batch_however_many_phrases_it_has() -> None:
    spec = ClassicSpec(copied_strangers=2)
    given = [example("one two", "two", "one two three"), example("one two three four", "four")]
    known = Vocabularies(word_vocabulary([["one", "two", "three"]], 10), class_vocabulary(["two"]))
    batch = ClassicSamples(given, known, spec, None).batch(np.array([0, 1]))
    one, two, three, four = 5, 6, 7, 8  # four is past the vocabulary: the post's own number

    assert batch.rows.tolist() == [1, 0]  # the longer text first
    assert batch.lengths == [4, 2]
    assert batch.words_LB.T.tolist() == [[one, two, three, UNK], [one, two, PAD, PAD]]
    assert batch.copied_BL.tolist() == [[one, two, three, four], [one, two, PAD, PAD]]
    assert batch.text_there_BL.tolist() == [[True] * 4, [True, True, False, False]]
    assert batch.phrase_lengths == [4, 2, 2]  # "one two three", then "four" and "two", end signs included
    assert batch.post_N.tolist() == [1, 0, 1]
    assert batch.class_N.tolist() == [0, 0, 1]
    assert batch.read_TN.T.tolist() == [[BOS, one, two, three], [BOS, UNK, PAD, PAD], [BOS, two, PAD, PAD]]
    assert batch.target_M.tolist() == [one, four, two, two, EOS, EOS, three, EOS]  # step by step
    assert batch.post_M.tolist() == [1, 0, 1, 1, 0, 1, 1, 1]


def test_a_missing_image_is_a_masked_zero() -> None:
    features = ImageFeatures(np.ones((1, 2, 3), dtype=np.float16), {"there": 0})
    spec = ClassicSpec(fusion="image_asks_text", classifier=True)
    given = [example("a b c", "a", image="there"), example("a b", "a", image="lost"), example("a", "a")]
    samples = ClassicSamples(given, vocabularies(given, spec), spec, features)
    batch = samples.batch(np.arange(3))

    assert batch.image_there_B.tolist() == [True, False, False]
    assert batch.image_BPD.sum((1, 2)).tolist() == [6.0, 0.0, 0.0]


def test_a_blind_system_sees_neither_vectors_nor_attributes() -> None:
    features = ImageFeatures(np.ones((1, 2, 3), dtype=np.float16), {"there": 0})
    given = [Example(post=Post(post_id="1", text="a", keyphrases=("a",), image="there"), attributes=("red",))]

    def batch(blind: bool) -> object:
        spec = ClassicSpec(fusion="each_asks_others", classifier=True, blind=blind)
        return ClassicSamples(given, vocabularies(given, spec), spec, features).batch(np.array([0]))

    seeing, blind = batch(False), batch(True)
    assert bool(seeing.image_there_B.any())
    assert bool(seeing.attributes_there_BA.any())
    assert not blind.image_there_B.any()
    assert not blind.image_BPD.any()
    assert not blind.attributes_there_BA.any()


def test_a_text_longer_than_what_is_read_is_cut_and_counted() -> None:
    spec = ClassicSpec(longest_text=3)
    given = [example("a b c d e", "a"), example("a b c", "a")]
    samples = ClassicSamples(given, vocabularies(given, spec), spec, None)

    assert samples.lengths.tolist() == [3, 3]
    assert samples.cut == 1


def test_an_unknown_word_is_spelled_as_the_source_word_that_was_looked_at() -> None:
    spec = ClassicSpec(copied_strangers=1)
    known = vocabularies([example("go", "go")], spec)
    samples = ClassicSamples([example("go zorb flim")], known, spec, None)
    go, zorb = 5, 6

    assert samples.spelled(0, [go, zorb, UNK], [0, 1, 2]) == "go zorb flim"


@given(st.lists(st.tuples(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3)), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_text_becomes_a_batch(raw: list[tuple[str, list[str]]]) -> None:
    spec = ClassicSpec(words=20)
    given = [example(text, *keyphrases) for text, keyphrases in raw]
    known = vocabularies(given, spec)
    batch = ClassicSamples(given, known, spec, None).batch(np.arange(len(given)))

    assert batch.words_LB.shape == (max(batch.lengths), len(given))
    assert int(batch.words_LB.max()) < len(known.words)
    assert int(batch.read_TN.max() if batch.read_TN.numel() else 0) < len(known.words)
    assert len(batch.target_M) == sum(batch.phrase_lengths)
    assert isinstance(batch.to(torch.device("cpu")).words_LB, torch.Tensor)
