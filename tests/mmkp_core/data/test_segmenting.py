"""Hashtags are cut by what the posts' own words and spellings tell."""

from fractions import Fraction
from itertools import combinations
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.segmenting import Segmenter

TEXTS = [
    "go team go", "the team of india", "my iphone and another iphone", "phone me", "a green house", "the green party",
    "a greenhouse is a house", "won #TeamIndia", "won #teamindia", "lost #teamindia", "the #White_House", "i love it",
]  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("teamindia", "team india"),
        ("TEAMINDIA", "TEAM INDIA"),
        ("TeamIndia", "Team India"),
        ("whitehouse", "white house"),  # as the only spelling that shows its words
        ("iPhone11Pro", "iPhone 11 Pro"),
        ("iLoveIt", "i Love It"),
        ("greenparty2020", "green party 2020"),
        ("greenhouse", "greenhouse"),  # as likely as two words that are rare
        ("zygote", "zygote"),
        ("cwc19", "cwc 19"),
        ("हिन्दीदिवस", "हिन्दीदिवस"),
        ("x", "x"),
    ],
)
def test_a_tag_is_cut_by_the_words_of_the_posts(tag: str, words: str) -> None:
    assert " ".join(Segmenter.of(TEXTS).words_of(tag)) == words


def test_without_texts_a_tag_is_cut_where_it_shows() -> None:
    assert Segmenter().words_of("TeamIndia2019") == ["Team", "India", "2019"]
    assert Segmenter().words_of("teamindia") == ["teamindia"]


@given(st.lists(st.sampled_from(TEXTS), max_size=8), st.from_regex(r"[A-Za-z0-9_]{1,20}", fullmatch=True))
def test_cutting_loses_no_letter_and_all_spellings_are_cut_alike(texts: list[str], tag: str) -> None:
    segmenter = Segmenter.of([*texts, f"#{tag}"])
    words = segmenter.words_of(tag)
    assert "".join(words) == tag.replace("_", "")
    assert [word.lower() for word in words] == segmenter.words_of(tag.lower())


@given(st.lists(st.text("ab", min_size=2, max_size=4), min_size=1, max_size=12), st.text("ab", min_size=4, max_size=9))
def test_the_cut_is_the_most_probable_of_all(words: list[str], tag: str) -> None:
    """Against every way to cut, in exact fractions."""
    total = len(words)

    def share(word: str) -> Fraction:
        if len(word) == 1 and word != "a":
            return Fraction(0)
        if word in words:
            return Fraction(words.count(word), total)
        return Fraction(10, 1_000_000 * 10 ** len(word)) if len(word) >= 3 else Fraction(0)

    def probability(parts: list[str]) -> Fraction:
        return prod(map(share, parts), start=Fraction(1))

    ways = [
        [tag[start:end] for start, end in zip((0, *cuts), (*cuts, len(tag)), strict=True)]
        for number in range(len(tag))
        for cuts in combinations(range(1, len(tag)), number)
    ]
    found = Segmenter.of([" ".join(words)]).words_of(tag)
    assert float(probability(found)) == pytest.approx(float(max(map(probability, ways))))
