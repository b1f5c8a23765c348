import json

import pytest

from mmkp_core.data.post import Post
from mmkp_core.errors import WrongInput
from mmkp_core.overlap.measures import label_overlap, measure_overlap
from mmkp_core.vision.signatures import ImageSignature

SENTENCE = "one two three four five six seven eight nine ten"


def signature(structure: int | None) -> ImageSignature:
    return ImageSignature(structure, bytes(48))


TRAIN = [
    Post(post_id="t1", text="Hello, WORLD!", keyphrases=("red stars", "news"), image="aa", image_ref="1.jpg"),
    Post(post_id="t2", text=SENTENCE, image="bb", image_ref="2.jpg"),
    Post(post_id="t3", text="\U0001f600", image="plain"),
]
TEST = [
    Post(post_id="e1", text="hello <user> world", keyphrases=("red star",), image="aa", image_ref="x.jpg"),
    Post(post_id="e2", text=SENTENCE.replace("ten", "eleven"), keyphrases=("news", "other"), image="cc"),
    Post(post_id="e3", text="\U0001f602", image="flat", image_ref="2.jpg"),
    Post(post_id="e4", text="nothing like it", keyphrases=("news", "news")),
]
# bb and cc differ in two bits.
HASHES = {"aa": signature(0), "bb": signature(0xFF00), "cc": signature(0xFF03), "plain": signature(None)}


def test_the_document_counts_test_posts_by_each_measure() -> None:
    found = measure_overlap(TRAIN, TEST, unit="word", threshold=0.8, image_distance=2, hashes=HASHES).document()

    # e1 is t1's text and image; e2 has 9 of 11 words of t2 (0.818) and a near image; e3 bears an image's name.
    assert found["posts"] == {"train": 3, "test": 4}
    assert found["test_posts"] == {
        "identical_text": 1,
        "near_text": 2,
        "identical_image": 1,
        "near_image": 2,
        "shared_image_name": 1,
        "all_labels_seen": 2,
    }
    assert found["labels"] == {"occurrences": 5, "occurrences_seen": 4, "distinct": 3, "distinct_seen": 2}
    assert {(pair["train"], pair["test"], pair["measure"], pair["unit"], pair["score"]) for pair in found["pairs"]} == {
        ("t1", "e1", "identical_text", "equal", 1.0),
        ("t1", "e1", "near_text", "word", 1.0),
        ("t2", "e2", "near_text", "word", 9 / 11),
        ("t1", "e1", "identical_image", "equal", 1.0),
        ("t1", "e1", "near_image", "bits", 0.0),
        ("t2", "e2", "near_image", "bits", 2.0),
        ("t2", "e3", "shared_image_name", "equal", 1.0),
    }
    json.dumps(found)


def test_one_bit_or_one_word_less_is_not_near() -> None:
    found = measure_overlap(TRAIN, TEST, unit="word", threshold=0.82, image_distance=1, hashes=HASHES).document()

    assert (found["test_posts"]["near_text"], found["test_posts"]["near_image"]) == (1, 1)


def test_without_hashes_an_image_is_near_only_to_its_own_bytes() -> None:
    assert measure_overlap(TRAIN, TEST).touched["near_image"] == 1


def test_labels_are_compared_as_they_are_scored() -> None:
    overlap, all_seen = label_overlap([["Running Shoes"]], [["run shoe"], ["run", "run shoe"], []])

    assert (overlap.occurrences, overlap.occurrences_seen, overlap.distinct, overlap.distinct_seen) == (3, 2, 2, 1)
    assert all_seen == 1


def test_a_flood_of_equal_posts_is_counted_in_full_and_listed_in_part() -> None:
    train = [Post(post_id=str(number), text="buy now") for number in range(300)]

    found = measure_overlap(train, [Post(post_id="e", text="Buy now!")]).document()

    assert found["test_posts"]["near_text"] == 1
    assert len(found["pairs"]) == 200
    assert found["pairs_left_out"] == 400


def test_either_side_may_be_empty() -> None:
    assert measure_overlap([], TEST).touched["near_text"] == 0
    assert measure_overlap(TRAIN, []).document()["posts"] == {"train": 3, "test": 0}


def test_hostile_texts() -> None:
    posts = [
        Post(post_id=str(at), text=text) for at, text in enumerate(["\ud800", "", "a" * 200_000, "مرحبا بالعالم", "\0"])
    ]

    found = measure_overlap(posts, posts)

    assert found.touched["near_text"] == 2


def test_a_wrong_threshold_is_refused() -> None:
    with pytest.raises(WrongInput, match="threshold"):
        measure_overlap(TRAIN, TEST, threshold=0)
