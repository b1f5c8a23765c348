import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.score import plain_scores
from mmkp_core.data.phrases import label_forms
from mmkp_core.data.post import Post, Prediction
from mmkp_core.evaluation.judging import judge
from mmkp_core.evaluation.protocols import score
from mmkp_core.evaluation.spec import ProtocolName

PROTOCOLS: tuple[ProtocolName, ...] = ("cmkp", "aimkp", "strict")


def table(protocol, *cases, train=None, **given):
    """Scores of `(text, gold, predicted)` cases, phrases separated by `;`."""
    posts = [
        Post(post_id=str(n), text=text, keyphrases=tuple(gold.split(";")) if gold else ())
        for n, (text, gold, _) in enumerate(cases)
    ]
    predictions = [
        Prediction(str(n), tuple(predicted.split(";")) if predicted else ())
        for n, (_, _, predicted) in enumerate(cases)
    ]
    labels = None if train is None else label_forms([train])
    return score(judge(posts, predictions, labels=labels, **given), protocol)


def figure(protocol, metric, *cases, part="all", **given):
    return table(protocol, *cases, **given).slices[part].value(metric)


def test_cmkp_f1_is_the_harmonic_mean_of_the_averages_not_the_average_of_f1():
    cases = [("", "a;b", "a"), ("", "c", "x;c")]
    # P@3: 1/1 and 1/2, mean 3/4; R@3: 1/2 and 1, mean 3/4; per-post F1 would be 2/3 and 2/3
    assert figure("cmkp", "f1@3", *cases) == pytest.approx(3 / 4)
    assert figure("strict", "f1@3", *cases) == pytest.approx((2 * 1 / 5 + 2 * 1 / 4) / 2)


def test_cmkp_precision_divides_by_the_guesses_there_are_not_by_k():
    assert figure("cmkp", "p@5", ("", "a", "a;b")) == 1 / 2
    assert figure("cmkp", "p@5", ("", "a", "a;b;c;d;e;f")) == 1 / 5


def test_cmkp_compares_stems():
    assert figure("cmkp", "f1@1", ("", "Running Cats", "run cat")) == 1


def test_cmkp_needs_the_whole_phrase():
    assert figure("cmkp", "f1@1", ("", "new york", "york")) == 0


def test_cmkp_drops_repeats_on_the_stem_and_keeps_the_first():
    # cat and cats are one guess, so dog stands second
    assert figure("cmkp", "map@5", ("", "dog", "cat;cats;dog")) == 1 / 2
    assert figure("cmkp", "r@1", ("", "cat;cats", "cat")) == 1


@pytest.mark.parametrize("bad", ["<unk>", "<unk> york", ",", "a .", "a , b"])
def test_cmkp_drops_guesses_with_invalid_words(bad):
    assert figure("cmkp", "p@1", ("", "dog", f"{bad};dog")) == 1


def test_cmkp_average_precision_divides_by_all_gold_phrases():
    # hits at ranks 1 and 3: (1/1 + 2/3) / 3 gold; by hits found it would be 5/6
    assert figure("cmkp", "map@5", ("", "a;b;c", "a;x;b")) == pytest.approx((1 + 2 / 3) / 3)


def test_cmkp_average_precision_still_divides_by_all_where_more_than_five_are_gold():
    gold = ";".join("abcdef")
    assert figure("cmkp", "map@5", ("", gold, "a;b;c;d;e;f")) == pytest.approx(5 / 6)
    assert figure("strict", "map@5", ("", gold, "a;b;c;d;e;f")) == 1


def test_cmkp_ndcg_judges_only_the_order_of_the_hits_found():
    # one of two gold phrases found, at rank 2; the ideal is the same guesses with the hit first
    assert figure("cmkp", "ndcg@5", ("", "a;b", "x;a")) == pytest.approx(1 / math.log2(3))
    # an ideal made from the gold would hold both
    both = 1 + 1 / math.log2(3)
    assert figure("strict", "ndcg@5", ("", "a;b", "x;a")) == pytest.approx(1 / math.log2(3) / both)


def test_cmkp_ndcg_lets_a_late_hit_into_the_ideal():
    # the hit stands sixth: nothing gained within five, something there to gain
    assert figure("cmkp", "ndcg@5", ("", "f", "a;b;c;d;e;f")) == 0
    assert figure("cmkp", "ndcg@5", ("", "a;f", "a;b;c;d;e;f")) == pytest.approx(1 / (1 + 1 / math.log2(3)))


def test_cmkp_counts_an_empty_line_as_a_wrong_answer():
    assert figure("cmkp", "f1@1", ("", "a", ""), ("", "a", "a")) == 1 / 2


def test_cmkp_present_and_absent_are_cut_on_both_sides():
    text = "the white dogs run"
    case = (text, "white dog;sunday", "monday;run;sunday;white dogs")
    # present guesses: run, white dogs; absent guesses: monday, sunday
    assert figure("cmkp", "map@5", case, part="present") == 1 / 2
    assert figure("cmkp", "map@5", case, part="absent") == 1 / 2
    assert figure("cmkp", "p@5", case, part="all") == 2 / 4


def test_a_post_enters_a_slice_only_with_gold_in_it():
    scores = table("cmkp", ("a b", "a", "b"), ("a b", "a;z", "a"), ("a b", "z", "z")).slices
    assert (scores["all"].posts, scores["present"].posts, scores["absent"].posts) == (3, 2, 2)
    assert scores["present"].value("f1@1") == 1 / 2  # the first answered with a wrong present phrase
    assert scores["absent"].value("r@1") == 1 / 2  # the second has nothing absent


def test_present_is_a_run_of_whole_stemmed_words():
    assert "present" not in table("cmkp", ("art of the deal", "art deal", "x")).slices
    assert "present" not in table("cmkp", ("party", "art", "x")).slices
    assert (
        "present" in table("cmkp", ("Modern ARTS, deal", "modern art", "x"), ("modern arts", "modern art", "")).slices
    )


def test_an_empty_phrase_is_never_present():
    assert "present" not in table("cmkp", ("", "", "x"), ("", "a", "x")).slices


def test_words_of_the_image_count_as_source_only_where_given_and_not_across_the_seam():
    case = ("big", "white shark", "white shark")
    assert "present" not in table("cmkp", case).slices
    assert "present" in table("cmkp", case, image_words={"0": "white sharks"}).slices
    assert "present" not in table("cmkp", ("white", "white shark", ""), image_words={"0": "shark"}).slices


def test_seen_and_unseen_follow_the_training_labels():
    scores = table("cmkp", ("", "cats;okapi", "okapi;cat"), train=["cat"]).slices
    assert (scores["seen"].value("f1@1"), scores["unseen"].value("f1@1")) == (1, 1)
    assert "seen" not in table("cmkp", ("", "a", "a")).slices


def test_a_kind_of_phrase_is_asked_for_recall_only():
    kinds = {"0": {"new york": "place"}, "1": {"b": "thing"}}
    scores = table("strict", ("", "new york;nba", "nba;x;new york"), ("", "b", ""), kinds=kinds).slices
    assert set(scores["kind:place"].metrics) == {"r@1", "r@3", "r@5"}
    assert [scores["kind:place"].value(f"r@{k}") for k in (1, 3)] == [0, 1]
    assert scores["kind:thing"].value("r@5") == 0


@pytest.mark.parametrize(
    ("gold", "predicted", "f1_1", "f1_3", "map_5"),
    [
        ("a", "a", 1, 0.5, 1),
        ("a", "a;b;c;d;e", 1, 0.5, 0.4567),
        ("a;b", "a", 0.6667, 0.4, 1),
        ("a;b", "b;a", 0.6667, 0.8, 1),
        ("a;b", "a;a;b", 0.6667, 0.8, 0.7222),
        ("a", "x;a", 0, 0.5, 0.25),
        ("cats", "Cat", 1, 0.5, 1),
    ],
)
def test_aimkp_gives_what_its_released_code_gives(gold, predicted, f1_1, f1_3, map_5):
    scores = table("aimkp", ("", gold, predicted)).slices["all"]
    found = [scores.value(metric) for metric in ("f1@1", "f1@3", "map@5")]
    assert found == pytest.approx([f1_1, f1_3, map_5], abs=5e-5)


def test_aimkp_counts_repeated_gold_in_recall():
    assert figure("aimkp", "r@1", ("", "cat;cats", "cat")) == 1 / 2


def test_aimkp_keeps_invalid_guesses_in_the_ranks():
    assert figure("aimkp", "f1@1", ("", "dog", "<unk>;dog")) == 0


def test_strict_drops_repeats_and_pads_precision():
    assert figure("strict", "p@3", ("", "a", "a;A;a;b")) == 1 / 3
    assert figure("strict", "f1@m", ("", "a", "a;A;a;b")) == pytest.approx(2 * (1 / 2) / (1 / 2 + 1))


def test_posts_without_gold_are_in_no_average():
    assert figure("cmkp", "f1@1", ("a", "", "b"), ("", "a", "a")) == 1


def test_only_posts_without_gold_give_no_slice_at_all():
    assert table("strict", ("a", "", "b")).slices == {}


WORDS = st.sampled_from(["cat", "cats", "run", "running", "may", "new", "york", "<unk>", ",", "", "über", "ok\ud800"])
PHRASE = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
CASE = st.tuples(
    st.lists(WORDS, max_size=8).map(" ".join),
    st.lists(PHRASE.filter(str.strip), min_size=1, max_size=7),
    st.lists(PHRASE, max_size=8),
)


def given_posts(cases):
    posts = [Post(post_id=str(n), text=c[0], keyphrases=tuple(c[1])) for n, c in enumerate(cases)]
    return posts, [Prediction(str(n), tuple(c[2])) for n, c in enumerate(cases)]


def all_figures(posts, predictions, train):
    judged = judge(posts, predictions, labels=label_forms(train))
    return {
        protocol: {
            name: {metric: part.value(metric) for metric in part.metrics}
            for name, part in score(judged, protocol).slices.items()
        }
        for protocol in PROTOCOLS
    }


def close(ours, theirs):
    assert ours.keys() == theirs.keys()
    for key in ours:
        if isinstance(ours[key], dict):
            close(ours[key], theirs[key])
        else:
            assert ours[key] == pytest.approx(theirs[key], abs=1e-9), key


@settings(max_examples=150, deadline=None)
@given(cases=st.lists(CASE, min_size=1, max_size=6), train=st.lists(st.lists(PHRASE, max_size=3), max_size=3))
def test_every_figure_equals_the_plain_scorer(cases, train):
    posts, predictions = given_posts(cases)
    close(all_figures(posts, predictions, train), plain_scores(posts, predictions, train))


@settings(max_examples=50, deadline=None)
@given(cases=st.lists(CASE, min_size=1, max_size=6), data=st.data())
def test_the_order_of_the_posts_does_not_matter(cases, data):
    posts, predictions = given_posts(cases)
    order = data.draw(st.permutations(range(len(cases))))
    moved = all_figures([posts[n] for n in order], [predictions[n] for n in order], [])
    close(moved, all_figures(posts, predictions, []))


NAMES = st.lists(st.sampled_from([c * 2 for c in "bcdfghjk"]), min_size=1, max_size=5, unique=True)


@settings(max_examples=50, deadline=None)
@given(gold=st.lists(NAMES, min_size=1, max_size=5))
def test_a_perfect_answer_scores_one_wherever_the_cut_allows(gold):
    posts, predictions = given_posts([("", phrases, phrases) for phrases in gold])
    found = all_figures(posts, predictions, [])
    for metric in ("f1@5", "map@5", "ndcg@5"):
        assert found["cmkp"]["all"][metric] == pytest.approx(1)
    assert found["aimkp"]["all"]["map@5"] == pytest.approx(1)
    for metric in ("f1@m", "map@5", "ndcg@5"):
        assert found["strict"]["all"][metric] == pytest.approx(1)


@settings(max_examples=50, deadline=None)
@given(cases=st.lists(CASE, min_size=1, max_size=5), junk=PHRASE)
def test_another_guess_at_the_end_never_lowers_recall(cases, junk):
    posts, predictions = given_posts(cases)
    longer = [Prediction(p.post_id, (*p.phrases, junk)) for p in predictions]
    before, after = all_figures(posts, predictions, []), all_figures(posts, longer, [])
    for protocol in PROTOCOLS:
        assert after[protocol]["all"]["r@5"] >= before[protocol]["all"]["r@5"] - 1e-12
