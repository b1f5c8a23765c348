from dataclasses import replace

from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import attribute_words, first_place, phrases, random_words, source_words, vocabularies
from mmkp_core.data.post import Example, Post
from tests.mmkp_core.classic.small import example, inputs


def test_the_images_words_follow_a_segment_sign() -> None:
    post = example("Vote NOW", seen="Polls open")

    assert source_words(post, ReadSpec()) == ["vote", "now", "<seg>", "polls", "open"]
    assert source_words(post, ReadSpec(image_words=False)) == ["vote", "now"]
    assert source_words(post, ReadSpec(own_words=False)) == ["<seg>", "polls", "open"]
    assert source_words(example("vote"), ReadSpec()) == ["vote"]


def test_entities_are_a_third_part_that_every_post_has() -> None:
    post = Example(post=Post(post_id="1", text="Vote"), entities=("Red Star", "dog"))
    assert source_words(post, ReadSpec(entities=True)) == ["vote", "<seg>", "<seg>", "red", "star", ";", "dog"]
    assert source_words(example("vote"), ReadSpec(entities=True)) == ["vote", "<seg>", "<seg>"]


def test_attributes_can_stand_in_place_of_entities() -> None:
    post = Example(post=Post(post_id="1", text="Vote"), entities=("dog",), attributes=("Dark Red", "wide"))
    reads = ReadSpec(entities=True, in_their_place="attributes")
    assert source_words(post, reads) == ["vote", "<seg>", "<seg>", "dark", "red", ";", "wide"]
    assert source_words(post, replace(reads, in_their_place="random_words")) == ["vote", "<seg>", "<seg>"]


def test_random_words_are_known_ones_the_same_for_a_post_each_time() -> None:
    posts = [example(f"a b c d e f {n}", "a") for n in range(3)]
    given = inputs(posts, ClassicSpec(reads=ReadSpec(entities=True, in_their_place="random_words")))
    drawn = [given.source(place)[9:] for place in range(3)]

    assert drawn == [random_words(post.post.post_id, given.known.words) for post in posts]
    assert [len(set(words)) for words in drawn] == [5, 5, 5]
    assert len({tuple(words) for words in drawn}) > 1
    assert not {word for words in drawn for word in words} - set(given.known.words.words[6:])


def test_an_image_that_does_not_match_is_not_read() -> None:
    post = replace(example("vote", seen="polls"), entities=("dog",), match=0.4)
    reads = ReadSpec(entities=True, least_match=0.5)
    assert source_words(post, reads) == ["vote", "<seg>", "<seg>"]
    for match in (0.5, None):
        assert source_words(replace(post, match=match), reads) == ["vote", "<seg>", "polls", "<seg>", "dog"]


def test_the_images_words_have_their_sign_always_where_that_is_asked() -> None:
    always = ReadSpec(parts="always")
    assert source_words(example("vote"), always) == ["vote", "<seg>"]
    assert source_words(example("vote"), replace(always, image_words=False)) == ["vote"]


def test_the_images_words_can_be_cleaned_by_the_published_rule() -> None:
    train = [example("free coffee today", "good night"), example("polls open", "vote")]
    spec = ClassicSpec(reads=ReadSpec(cleaning="cmkp"))
    known = vocabularies(train, spec)
    assert known.tokens == {"free", "coffee", "today", "good", "night", "polls", "open", "vote"}
    seen = example("vote", seen="Good coffee tonight at 7 VOTE")
    for post, words in (
        (seen, ["vote", "<seg>", "good", "coffee", "vote"]),
        (example("vote", seen="vote 7"), ["vote"]),
    ):
        assert source_words(post, spec.reads, known.tokens) == words
        assert FieldInputs([post], known, spec, None, 1).source(0) == words
    assert vocabularies(train, ClassicSpec()).tokens == frozenset()


def test_a_phrase_is_found_word_by_word() -> None:
    source = ["to", "be", "or", "not", "to", "be"]
    assert [first_place(phrase.split(), source) for phrase in ("to be", "or not", "be to", "be or not to be so")] == [
        0, 2, None, None
    ]  # fmt: skip


def test_attributes_are_read_where_a_system_says_so() -> None:
    post = Example(post=Post(post_id="1", text="Vote"), attributes=("Dark Red", "wide"))
    assert attribute_words(post, ReadSpec(attributes=True)) == ["dark", "red", "wide"]
    assert attribute_words(post, ReadSpec()) == []


def test_a_keyphrase_given_twice_is_learned_once_and_a_blank_one_not_at_all() -> None:
    assert phrases(example("a", "Game of Thrones", "game  of thrones", " ", "hbo")) == [
        ["game", "of", "thrones"],
        ["hbo"],
    ]


def test_what_is_not_read_is_not_known() -> None:
    post = example("vote now", "polls", seen="open")
    blind = ClassicSpec(reads=ReadSpec(image_words=False, longest=1))

    assert vocabularies([post], ClassicSpec()).words.words[6:] == ("vote", "now", "<seg>", "open", "polls")
    assert vocabularies([post], blind).words.words[6:] == ("vote", "polls")
    assert vocabularies([post], blind).classes.words == ("<unk>", "polls")
