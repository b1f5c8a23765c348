import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.hashtags import HashtagSpec, from_hashtags, segments, without_labels

SPEC = HashtagSpec()


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("CWC19", "CWC 19"),
        ("ReleaseTheSnyderCut", "Release The Snyder Cut"),
        ("stop_adani", "stop adani"),
        ("NBAFinals", "NBA Finals"),
        ("WorldCup2022", "World Cup 2022"),
        ("SDGs", "SDGs"),
        ("75thAnniversary", "75th Anniversary"),
        ("F1", "F1"),
        ("5G", "5G"),
        ("breaking", "breaking"),
        ("ÉcoleNormale", "École Normale"),
        ("हिन्दीदिवस", "हिन्दीदिवस"),
        ("中文标签", "中文标签"),
        ("2019", "2019"),
    ],
)
def test_a_tag_is_cut_into_its_words(tag: str, words: str) -> None:
    assert " ".join(segments(tag)) == words


@given(st.from_regex(r"[A-Za-z0-9_]{1,30}", fullmatch=True))
def test_cutting_loses_no_letter(tag: str) -> None:
    assert "".join(segments(tag)) == tag.replace("_", "")


@pytest.mark.parametrize(
    ("text", "left", "phrases"),
    [
        ("Up all night! #CWC19 #TeamIndia", "Up all night!", ("cwc 19", "team india")),
        ("So #Happy today", "So Happy today", ("happy",)),
        ("so #TeamIndia won #CWC19 https://t.co/x", "so Team India won https://t.co/x", ("team india", "cwc 19")),
        ("won #CWC19 @icc 🎉 #final", "won @icc 🎉", ("cwc 19", "final")),
        ("#love #cats", "", ("love", "cats")),
        ("one #Cats #cats #CATS", "one", ("cats",)),
        ("x #one#two", "x", ("one", "two")),
        ("＃ＣＷＣ rocks", "ＣＷＣ rocks", ("cwc",)),
        ("#हिन्दी दिवस", "हिन्दी दिवस", ("हिन्दी",)),
        ("love❤️ #cats❤️", "love❤️", ("cats",)),
        ("C# page.html#top &#39; a/#b", "C# page.html#top &#39; a/#b", ()),
        ("we are #1", "we are", ()),
        ("#️⃣ keycap", "#️⃣ keycap", ()),
        ("plain", "plain", ()),
        ("", "", ()),
    ],
)
def test_hashtags_become_keyphrases(text: str, left: str, phrases: tuple[str, ...]) -> None:
    assert from_hashtags(text, SPEC) == (left, phrases)


def test_one_tag_in_two_unicode_forms_is_one_keyphrase() -> None:
    composed, decomposed = "#café", unicodedata.normalize("NFD", "#café")
    assert composed != decomposed
    assert from_hashtags(f"{composed} and {decomposed} here", SPEC)[1] == ("café",)


@pytest.mark.parametrize(
    ("spec", "left", "phrases"),
    [
        (HashtagSpec(segment=False), "a BigCat . x", ("bigcat", "nba")),
        (HashtagSpec(lower=False), "a Big Cat . x", ("Big Cat", "NBA")),
        (HashtagSpec(trailing="keep"), "a Big Cat . x NBA", ("big cat", "nba")),
        (HashtagSpec(inline="tag"), "a #BigCat . x", ("big cat", "nba")),
        (HashtagSpec(inline="cut"), "a . x", ("big cat", "nba")),
        (HashtagSpec(shortest=4), "a Big Cat . x", ("big cat",)),
    ],
)
def test_each_rule_is_a_field(spec: HashtagSpec, left: str, phrases: tuple[str, ...]) -> None:
    assert from_hashtags("a #BigCat . x #NBA", spec) == (left, phrases)


def test_numbers_are_keyphrases_where_asked() -> None:
    assert from_hashtags("we #2019", HashtagSpec(numbers=True)) == ("we", ("2019",))


@given(st.text(alphabet=st.sampled_from("ab1#_ @.C\u0301é😂\u200d中"), max_size=40))
def test_no_tag_is_left_where_all_are_cut(text: str) -> None:
    left, phrases = from_hashtags(text, HashtagSpec(inline="cut"))
    assert from_hashtags(left, HashtagSpec(inline="cut"))[1] == ()
    assert all(phrase == " ".join(phrase.split()) for phrase in phrases)


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    from_hashtags(text, SPEC)


@pytest.mark.parametrize(
    ("text", "phrases", "left", "count"),
    [
        ("we won #TeamIndia", ("team india",), "we won", 1),
        ("so #teamindia won #CWC19 https://t.co/x", ("Team India",), "so teamindia won #CWC19 https://t.co/x", 1),
        ("won #CWC19 #TeamIndia", ("team india", "cwc 19"), "won", 2),
        ("＃love cats", ("love",), "love cats", 1),
        ("no #tag of  its own", ("other",), "no #tag of  its own", 0),
        ("love cats", ("love",), "love cats", 0),
    ],
)
def test_tags_that_state_a_keyphrase_leave_the_text(text: str, phrases: tuple[str, ...], left: str, count: int) -> None:
    assert without_labels(text, phrases) == (left, count)
