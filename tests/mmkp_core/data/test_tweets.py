from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.tweets import TweetNormalSpec, normal_tweet

SPEC = TweetNormalSpec()


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("Can't wait for it at 8:30 PM!!! https://t.co/x", "can ' t wait for it at <time> ! <url>"),
        ("Costs $5m or 20 euros, 15% off", "costs <money> or <money> , <percent> off"),
        ("call +1 (555) 123-4567 or a.b@c.org @you", "call <phone> or <email> <user>"),
        ("May 4th, 2019 and 12/31/2019", "<date> and <date>"),
        ("1,000 fans, the 4th time", "<number> fans , the 4th time"),
        (":) :( ;) :D", "<happy> <sad> <wink> <laugh>"),
        ("😂😂😂 👨‍👩‍👧", "😂 👨‍👩‍👧"),
        ("R&amp;D low-cut", "r & d low - cut"),
        ("<number> <URL> already", "<number> <url> already"),
        ("हिन्दी cafe\u0301", "हिन्दी café"),
        ("", ""),
    ],
)
def test_a_tweet_in_the_published_form(raw: str, normal: str) -> None:
    assert normal_tweet(raw, SPEC) == normal


@given(st.text())
def test_a_second_pass_changes_nothing(text: str) -> None:
    once = normal_tweet(text, SPEC)
    assert normal_tweet(once, SPEC) == once


@given(st.text(alphabet=st.sampled_from("a1:)(.,$%@#-/ <>&;😂pmK"), max_size=30))
def test_a_second_pass_changes_nothing_amid_marks(text: str) -> None:
    once = normal_tweet(text, SPEC)
    assert normal_tweet(once, SPEC) == once
    assert once == " ".join(once.split())


def test_each_rule_can_be_left_out() -> None:
    raw = "See https://t.co/x @You 5%"
    none = TweetNormalSpec(**{rule.name: False for rule in fields(TweetNormalSpec)})
    assert normal_tweet(raw, none) == raw
    assert normal_tweet(raw, TweetNormalSpec(url=False, tokenise=False)) == "see https://t.co/x <user> <percent>"
    assert normal_tweet(raw, TweetNormalSpec(lower=False)) == "See <url> <user> <percent>"
