from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import attribute_words, phrases, source_words, vocabularies
from mmkp_core.data.post import Example, Post
from tests.mmkp_core.classic.small import example


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
