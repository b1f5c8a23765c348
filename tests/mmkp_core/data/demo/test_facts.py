"""Generated posts are what their facts say."""

import re
from collections import Counter
from functools import lru_cache

import pytest
from nltk.stem.porter import PorterStemmer

from mmkp_core.data.demo import words
from mmkp_core.data.demo.facts import KINDS, LEADING, DemoPost, demo_facts, demo_labels
from mmkp_core.data.demo.spec import DemoSpec

STEM = lru_cache(maxsize=None)(PorterStemmer().stem)


@pytest.fixture(scope="module")
def posts() -> list[DemoPost]:
    return list(demo_facts(DemoSpec()))


def tokens(text: str) -> list[str]:
    return [STEM(token) for token in re.findall(r"[^\W_]+", text.lower())]


def stemmed(text: str) -> str:
    return f" {' '.join(tokens(text))} "


def test_the_same_seed_gives_the_same_posts_and_another_seed_others() -> None:
    once, again, other = (list(demo_facts(DemoSpec(posts=50, seed=seed))) for seed in (3, 3, 4))
    assert once == again
    assert not {post.text for post in once} & {post.text for post in other}


def test_a_later_batch_continues_the_stream() -> None:
    whole = list(demo_facts(DemoSpec(posts=200)))
    assert list(demo_facts(DemoSpec(first=150, posts=50))) == whole[150:]


def test_phrases_of_kind_text_are_in_the_text_and_no_others_are(posts: list[DemoPost]) -> None:
    labels = {phrase: stemmed(phrase) for phrase in demo_labels()}
    for post in posts:
        text = stemmed(post.text)
        found = {phrase for phrase, needle in labels.items() if needle in text}
        assert found == {phrase for phrase, kind in zip(post.keyphrases, post.kinds, strict=True) if kind == "text"}


def test_a_topic_is_told_by_two_of_its_words_and_an_event_by_its_name(posts: list[DemoPost]) -> None:
    for post in posts:
        said = set(re.findall(r"\w+", post.text.lower()))
        for phrase, kind in zip(post.keyphrases, post.kinds, strict=True):
            if kind == "topic":
                assert len(said & set(words.TOPICS[phrase])) >= 2
            if kind == "both":
                assert phrase.split()[1] in said


def test_the_picture_shows_what_the_phrases_need(posts: list[DemoPost]) -> None:
    for post in posts:
        assert post.picture
        for phrase, kind in zip(post.keyphrases, post.kinds, strict=True):
            match kind:
                case "slogan":
                    assert post.picture.words == phrase
                case "icon":
                    assert f"{post.picture.colour} {post.picture.shape}" == phrase
                case "both":
                    assert post.picture.shape == phrase.split()[0]
        if not {"slogan", "icon", "both"} & set(post.kinds):
            assert post.picture.motif == "scene"


def test_cues_belong_to_one_topic_and_to_nothing_else() -> None:
    cues = [cue for topic in words.TOPICS.values() for cue in topic]
    assert max(Counter(map(STEM, cues)).values()) == 1
    fillers = (
        words.OPENERS, words.SUBJECTS, words.VERBS, words.OBJECTS, words.PLACES, words.TIMES, words.CLOSERS,
        words.ABOUT_TEXT, words.ABOUT_TOPIC, words.ABOUT_EVENT, words.DAYS,
    )  # fmt: skip
    said = {stem for group in fillers for phrase in group for stem in tokens(re.sub(r"{\w}", " ", phrase))}
    assert not said & set(map(STEM, cues))
    for kind_of_label in (words.SLOGANS, words.COLOURS, words.SHAPES, words.EVENTS, tuple(words.TOPICS)):
        assert not said & set(tokens(" ".join(kind_of_label)))


def test_every_kind_has_its_share(posts: list[DemoPost]) -> None:
    leading = Counter(post.kinds[0] for post in posts if not post.copied and post.lang == "en")
    for kind in KINDS:
        assert leading[kind] / leading.total() == pytest.approx(LEADING[kind], abs=0.05)
    counts = Counter(len(post.keyphrases) for post in posts)
    assert set(counts) == {1, 2, 3, 4}
    assert all(len(set(post.keyphrases)) == len(post.keyphrases) for post in posts)


def test_the_untidiness_of_twelve_hundred_posts(posts: list[DemoPost]) -> None:
    copies = Counter(post.copied for post in posts)
    assert copies["near"] >= 20
    assert copies["exact"] == 10
    assert Counter(post.fault for post in posts) == {"": 1193, "missing": 3, "truncated": 2, "html": 2}
    assert {"zh", "ar", "ru"} <= {post.lang for post in posts}
    wordless = [post for post in posts if not tokens(post.text)]
    turned_away = len(wordless) + sum(post.fault in ("truncated", "html") for post in posts)
    assert 0 < turned_away < 0.01 * len(posts)  # above one per cent ingest would stop


@pytest.mark.parametrize("count", [100, 238, 392, 546, 640, 837, 992, 1146, 1200])
def test_no_size_has_more_bad_rows_than_ingest_bears(count: int) -> None:
    posts = list(demo_facts(DemoSpec(posts=count)))
    bad = sum(not tokens(post.text) or post.fault in ("truncated", "html") for post in posts)
    assert bad <= 0.01 * count


def test_copies_repeat_an_earlier_post(posts: list[DemoPost]) -> None:
    by_id = {post.post_id: post for post in posts}
    for post in posts:
        if not post.copied:
            continue
        source = by_id[post.copy_of]
        assert source.number < post.number
        assert source.created_at < post.created_at
        assert post.keyphrases == source.keyphrases
        if post.copied == "exact":
            assert (post.text, post.image) == (source.text, source.image)
        else:
            assert post.text.startswith(source.text + " ")
            assert post.image != source.image
            assert post.picture and source.picture
            assert post.picture.original == source.picture.original


def test_dates_rise_over_months_and_stay_plausible_at_a_million() -> None:
    dates = [post.created_at for post in demo_facts(DemoSpec())]
    assert dates == sorted(dates)
    assert 150 < (dates[-1] - dates[0]).days < 200
    (last,) = demo_facts(DemoSpec(first=999_999, posts=1))
    assert last.created_at.year <= 2028


def test_platform_text_carries_every_phrase_as_a_hashtag() -> None:
    for post in demo_facts(DemoSpec(posts=300, raw=True)):
        tags = set(re.findall(r"#(\w+)", post.text))
        assert {phrase.title().replace(" ", "") for phrase in post.keyphrases} == tags


def test_shared_drawings_bound_the_number_of_images() -> None:
    posts = list(demo_facts(DemoSpec(posts=3000, drawings=2)))
    names = {post.image for post in posts if not post.fault and post.copied != "near"}
    assert len(names) <= 2 * (36 + 16 + 1)


def test_a_batch_without_images_names_none() -> None:
    assert not any(post.image or post.picture or post.fault for post in demo_facts(DemoSpec(posts=600, images=False)))


def test_a_file_name_does_not_tell_what_is_drawn(posts: list[DemoPost]) -> None:
    assert not any(word in post.image for post in posts for word in (*words.COLOURS, *words.SHAPES, "slogan", "icon"))
