from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mmkp_core.data.post import Post
from mmkp_core.errors import WrongInput
from mmkp_core.overlap.counts import OverlapCount
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.overlap.splits import Split, grow, make_split
from mmkp_core.tables.splits import OVERLAP_PAIRS, SPLITS
from mmkp_core.vision.signatures import ImageSignature

WORDS = st.sampled_from("abcdefgh")
POSTS = st.lists(
    st.tuples(
        st.lists(WORDS, max_size=6).map(" ".join),
        st.none() | st.integers(0, 5),
        st.none() | st.integers(0, 15),
        st.lists(st.sampled_from(["x", "y", "z", "w"]), max_size=2),
    ),
    min_size=3,
    max_size=40,
)


def as_posts(drawn: list[tuple[str, int | None, int | None, list[str]]]) -> list[Post]:
    return [
        Post(
            post_id=str(at),
            text=text,
            image=None if image is None else f"image {image}",
            image_ref=None if ref is None else f"name {ref}",
            keyphrases=tuple(labels),
            created_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=at),
        )
        for at, (text, image, ref, labels) in enumerate(drawn)
    ]


SIGNATURES = {f"image {number}": ImageSignature(0b111 << number * 2, bytes(48)) for number in range(6)}


def alike(one: Post, other: Post, spec: SplitSpec) -> bool:
    """By the definitions, one pair at a time."""
    words = [set(post.text.split()) for post in (one, other)]
    if all(words) and Fraction(len(words[0] & words[1]), len(words[0] | words[1])) >= Fraction(
        str(spec.text_threshold)
    ):
        return True
    if one.image_ref and one.image_ref == other.image_ref:
        return True
    if one.image is None or other.image is None:
        return False
    hashes = [SIGNATURES[image].structure or 0 for image in (one.image, other.image)]
    return (hashes[0] ^ hashes[1]).bit_count() <= spec.image_distance


def part_of(split: Split) -> dict[str, str]:
    rows = split.rows().to_pylist()
    return {row["post_id"]: row["part"] for row in rows}


@pytest.mark.fault(8)
@pytest.mark.parametrize("kind", ["clean", "purged", "unseen-labels", "temporal"])
@settings(deadline=None, max_examples=60)
@given(drawn=POSTS, distance=st.integers(0, 4), threshold=st.sampled_from([0.5, 0.8, 1.0]))
def test_no_pair_of_duplicates_stands_in_two_parts(kind: str, drawn: list, distance: int, threshold: float) -> None:
    spec = SplitSpec(
        kind=kind, valid_share=0.2, test_share=0.2, text_unit="word", text_threshold=threshold, image_distance=distance
    )
    posts = as_posts(drawn)

    split = make_split(posts, spec, SIGNATURES)

    parts = part_of(split)
    for one in posts:
        for other in posts:
            here, there = parts[one.post_id], parts[other.post_id]
            if here != there and "dropped" not in (here, there):
                assert not alike(one, other, spec)
    shared = {count.measure: count.after for count in split.facts().overlaps}
    assert not any(
        shared[m] for m in ("identical_text", "near_text", "identical_image", "near_image", "shared_image_name")
    )


@settings(deadline=None, max_examples=40)
@given(drawn=POSTS)
def test_a_purged_split_keeps_its_test_posts_and_drops_only_their_duplicates(drawn: list) -> None:
    posts = as_posts(drawn)
    spec = SplitSpec(kind="purged", valid_share=0.2, test_share=0.2, text_unit="word", text_threshold=0.8)
    fell = part_of(make_split(posts, replace(spec, kind="random"), SIGNATURES))

    parts = part_of(make_split(posts, spec, SIGNATURES))

    assert {i for i, part in parts.items() if part == "test"} == {i for i, part in fell.items() if part == "test"}
    for post in posts:
        if parts[post.post_id] == "dropped":
            later = {"train": ("valid", "test"), "valid": ("test",)}[fell[post.post_id]]
            assert any(alike(post, other, spec) for other in posts if parts[other.post_id] in later)


def numbered(count: int, text: str = "post number {0} of its own {0}{0}") -> list[Post]:
    return [
        Post(post_id=str(at), text=text.format(f"{at:05d}"), keyphrases=(f"label {at % 50}",)) for at in range(count)
    ]


def sizes(split: Split) -> tuple[int, int, int, int]:
    facts = split.facts()
    return facts.train, facts.valid, facts.test, facts.dropped


WORD_SPEC = SplitSpec(text_unit="word", text_threshold=0.9)


def test_the_shares_are_met_and_a_seed_gives_one_split() -> None:
    posts = numbered(200)

    first, again, other = (
        make_split(posts, SplitSpec(text_unit="word", text_threshold=0.9, seed=seed)) for seed in (1, 1, 2)
    )

    assert sizes(first) == (160, 20, 20, 0)
    assert first.rows() == again.rows()
    assert first.rows() != other.rows()


@pytest.mark.parametrize("group", [2, 3, 5])
def test_each_part_gets_its_share_of_the_posts_that_have_duplicates(group: int) -> None:
    """A fifth of 1,000 posts in groups of duplicates: a fifth of every part, whatever the seed."""
    single = [f"post {at} of its own {'abcdefghij'[at % 10] * (at // 10 + 1)}" for at in range(800)]
    grouped = [f"group {at // group} {'klmnopqrst'[at // group % 10] * (at // group + 1)}" for at in range(200)]
    labels = ["x" if at % 4 else "y" for at in range(1000)]
    posts = [Post(post_id=str(at), text=text, keyphrases=(labels[at],)) for at, text in enumerate([*single, *grouped])]
    shares = []
    for seed in range(5):
        made = make_split(posts, SplitSpec(seed=seed, text_threshold=1.0, text_unit="word"))
        facts = made.facts()
        assert (facts.valid, facts.test, facts.clustered) == (100, 100, 200)
        assert sum(facts.clustered_in) == 200
        assert abs(facts.clustered_in[1] - 20) < group
        assert abs(facts.clustered_in[2] - 20) < group
        rare = sum(posts[at].keyphrases == ("y",) for at in np.flatnonzero(made.parts == 2)) / facts.test
        shares.append(rare)
    assert abs(np.mean(shares) - 0.25) < 0.06


def test_labels_are_held_out_for_validation_and_test_alike() -> None:
    draw = np.random.default_rng(0)
    posts = [
        Post(post_id=str(at), text=f"word{at}", keyphrases=(f"label {draw.zipf(1.3) % 120}",)) for at in range(600)
    ]
    unseen = {1: 0, 2: 0}
    for seed in range(5):
        made = make_split(posts, SplitSpec(kind="unseen-labels", seed=seed, valid_share=0.15, test_share=0.15))
        trained = {posts[at].keyphrases for at in np.flatnonzero(made.parts == 0)}
        for part in unseen:
            unseen[part] += sum(posts[at].keyphrases not in trained for at in np.flatnonzero(made.parts == part))
    assert 0.8 < unseen[1] / unseen[2] < 1.25


def test_only_what_leaks_is_moved_and_every_move_has_its_reason() -> None:
    posts = numbered(100)
    posts += [Post(post_id=f"copy {at}", text=posts[at].text.upper()) for at in range(20)]

    split = make_split(posts, WORD_SPEC)

    before, after = split.before, split.parts
    rows = split.rows().to_pylist()
    assert sizes(split) == (96, 12, 12, 0)
    assert [row["reason"] is not None for row in rows] == (before != after).tolist()
    assert 0 < (before != after).sum() <= 20
    assert {row["reason"] for row in rows} <= {None, "kept with its duplicates", "moved to meet the share"}
    assert all(rows[at]["cluster"] == rows[100 + at]["cluster"] for at in range(20))


def test_the_facts_count_parts_moves_clusters_and_what_test_posts_share() -> None:
    hints = ["train"] * 6 + ["valid"] * 2 + ["test"] * 2
    texts = ["a b", "c d", "e f", "g h", "i j", "k l", "m n", "A B!", "o p", "c D"]
    posts = [
        Post(post_id=str(at), text=text, split_hint=hint, keyphrases=("x",))
        for at, (text, hint) in enumerate(zip(texts, hints, strict=True))
    ]

    facts = make_split(posts, SplitSpec(start="given", text_unit="word")).facts()

    # of two parts with one post each the earlier keeps both: "A B!" and "c D" move to train
    assert (facts.train, facts.valid, facts.test, facts.dropped, facts.moved) == (8, 1, 1, 0, 2)
    assert (facts.clusters, facts.clustered, facts.largest_cluster) == (2, 4, 2)
    counts = {count.measure: count for count in facts.overlaps}
    assert counts["identical_text"] == OverlapCount(
        measure="identical_text", before=1, before_of=2, after=0, after_of=1
    )
    assert counts["distinct_labels_seen"] == OverlapCount(
        measure="distinct_labels_seen", before=1, before_of=1, after=1, after_of=1
    )
    assert list(counts) == [
        "identical_text", "near_text", "identical_image", "near_image", "shared_image_name",
        "all_labels_seen", "label_occurrences_seen", "distinct_labels_seen",
    ]  # fmt: skip


def test_without_clusters_their_counts_are_nought() -> None:
    facts = make_split(numbered(10), SplitSpec(kind="random")).facts()

    assert (facts.clusters, facts.clustered, facts.largest_cluster) == (0, 0, 0)


def test_the_overlap_rows_are_the_pairs_that_stood_in_two_parts() -> None:
    posts = numbered(50)
    posts += [Post(post_id=f"copy {at}", text=posts[at].text.upper()) for at in range(50)]

    split = make_split(posts, WORD_SPEC)

    rows = [row for row in split.overlap_rows().to_pylist() if row["measure"] == "near_text"]
    crossing = sum(split.before[at] != split.before[50 + at] for at in range(50))
    assert len(rows) == crossing > 0
    assert all(row["left_part"] == row["right_part"] and row["score"] == 1.0 for row in rows)
    assert {row["left_id"].removeprefix("copy ") == row["right_id"].removeprefix("copy ") for row in rows} == {True}


def test_a_giant_cluster_stays_whole_and_nothing_is_dropped() -> None:
    posts = [*numbered(60), *(Post(post_id=f"spam {at}", text="win a prize today") for at in range(140))]

    split = make_split(posts, WORD_SPEC)

    assert Counter(part for post_id, part in part_of(split).items() if post_id.startswith("spam")) == {"train": 140}
    assert sizes(split) == (160, 20, 20, 0)


def test_given_parts_are_kept_and_posts_without_one_dropped() -> None:
    hints = ["train", "valid", "test", None, "train"]
    posts = [Post(post_id=str(at), text="same", split_hint=hint) for at, hint in enumerate(hints)]

    rows = make_split(posts, SplitSpec(kind="given")).rows().to_pylist()

    assert [row["part"] for row in rows] == ["train", "valid", "test", "dropped", "train"]
    assert [row["reason"] for row in rows] == [None, None, None, "the source states no part", None]


def test_a_clean_split_that_starts_from_given_parts_moves_duplicates_to_where_most_are() -> None:
    texts = {"train": ["a b", "c d", "e f"], "valid": ["g h", "a b"], "test": ["i j", "k l", "e f", "e f"]}
    posts = [
        Post(post_id=f"{part} {text} {at}", text=text, split_hint=part)
        for part in texts
        for at, text in enumerate(texts[part])
    ]

    parts = part_of(make_split(posts, SplitSpec(start="given", text_unit="word")))

    moved = {post_id: part for post_id, part in parts.items() if not post_id.startswith(part)}
    assert moved == {"valid a b 1": "train", "train e f 2": "test"}


def test_the_newest_posts_are_the_test_and_duplicates_of_older_ones_are_dropped() -> None:
    start = datetime(2026, 1, 1)
    posts = [
        Post(post_id=str(at), text=f"words of day {at} {at}", created_at=start + timedelta(days=at)) for at in range(20)
    ]
    posts[19] = Post(post_id="19", text=posts[0].text, created_at=datetime(2026, 3, 1, tzinfo=UTC))
    posts.append(Post(post_id="undated", text="no day at all"))

    split = make_split(posts, SplitSpec(kind="temporal", text_unit="word", text_threshold=0.9))

    parts = part_of(split)
    assert [post_id for post_id, part in parts.items() if part == "test"] == ["18"]
    assert [post_id for post_id, part in parts.items() if part == "valid"] == ["16", "17"]
    dropped = {row["post_id"]: row["reason"] for row in split.rows().to_pylist() if row["part"] == "dropped"}
    assert dropped == {
        "19": "a duplicate or near-duplicate of a post of an earlier part",
        "undated": "no time of writing",
    }


def test_the_stated_share_of_test_phrases_is_never_trained_on() -> None:
    posts = numbered(1000)

    split = make_split(posts, SplitSpec(kind="unseen-labels", text_unit="word", text_threshold=0.9, unseen_share=0.4))

    parts = part_of(split)
    trained = {label for post in posts if parts[post.post_id] == "train" for label in post.keyphrases}
    for part in ("valid", "test"):
        labels = [label for post in posts if parts[post.post_id] == part for label in post.keyphrases]
        assert len(labels) == 100
        assert sum(label not in trained for label in labels) == 40  # two labels of 20 posts each


def test_a_split_grows_without_moving_old_posts() -> None:
    posts = numbered(100)
    before = part_of(make_split(posts, WORD_SPEC))
    tested = next(post for post in posts if before[post.post_id] == "test")
    trained = next(post for post in posts if before[post.post_id] == "train")
    new = [Post(post_id=f"new {at}", text=f"something fresh {at} {at}{at}") for at in range(50)]
    copies = [Post(post_id="of test", text=tested.text), Post(post_id="of train", text=trained.text)]
    bridge = Post(post_id="bridge", text=tested.text, image_ref="shared")
    trained_too = Post(post_id="trained too", text=trained.text, image_ref="shared")

    grown = part_of(grow([*posts, *new, *copies], before, WORD_SPEC))
    bridged = part_of(grow([*posts, *new, bridge, trained_too], before, WORD_SPEC))

    assert {post_id: grown[post_id] for post_id in before} == before
    assert (grown["of test"], grown["of train"]) == ("test", "train")
    assert Counter(grown[post.post_id] for post in new)["test"] in (4, 5)
    assert (bridged["bridge"], bridged[tested.post_id]) == ("train", "dropped")


def test_the_tables_have_their_schemas_and_three_posts_are_enough() -> None:
    split = make_split(numbered(3), SplitSpec(text_unit="word", text_threshold=0.9))

    assert split.rows().schema == SPLITS.schema
    assert split.overlap_rows().schema == OVERLAP_PAIRS.schema
    assert sizes(split) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (SplitSpec(valid_share=0.5, test_share=0.5), "less than 1"),
        (SplitSpec(kind="given"), "states no part"),
        (SplitSpec(kind="temporal"), "when it was written"),
    ],
)
def test_what_cannot_be_split_is_refused(spec: SplitSpec, said: str) -> None:
    with pytest.raises(WrongInput, match=said):
        make_split(numbered(5), spec)


def test_the_spec_is_a_form_with_bounds_and_descriptions() -> None:
    fields = TypeAdapter(SplitSpec).json_schema()["properties"]

    assert all("description" in field for field in fields.values())
    assert fields["text_threshold"]["exclusiveMinimum"] == 0
    assert np.isclose(fields["text_threshold"]["default"], 0.8)


def test_parts_that_nobody_knows_are_named() -> None:
    posts = [Post(post_id=str(at), text=f"post {at}", split_hint=hint) for at, hint in enumerate(["train", "dev", "x"])]
    for chosen in ({"kind": "given"}, {"kind": "clean", "start": "given"}):
        with pytest.raises(WrongInput, match="'dev', 'x'; known are train, valid and test"):
            make_split(posts, SplitSpec(**chosen))
