"""Counts of posts and images, similar pairs and rejected rows, by hand."""

import pyarrow as pa

from mmkp_core.data.post import Example, Post, image_key_of_ref
from mmkp_core.report.sections.data import content_rows, data_row, image_row, match_row, pairs, quarantine
from tests.fixtures.fake_material import split

EXAMPLES = [
    Example(post=Post(post_id="1", text="two cats", keyphrases=("cat", "big dog"), image="aa"), image_words="HI"),
    Example(post=Post(post_id="2", text="one cat here", keyphrases=("cat",), image_ref="gone.jpg")),
    Example(post=Post(post_id="3", text="nothing", image_ref="torn.jpg")),
]


def test_a_part_is_counted() -> None:
    row = data_row("test", EXAMPLES)
    assert (row.part, row.posts, row.distinct_keyphrases, row.vocabulary) == ("test", 3, 2, 6)
    assert (row.tokens_per_post, row.keyphrases_per_post, row.words_per_keyphrase) == (2, 1, 4 / 3)
    assert row.present_share == 2 / 3


def test_images_are_counted_by_what_became_of_them() -> None:
    row = image_row("test", EXAMPLES, split(intact={"aa"}, damaged={image_key_of_ref("torn.jpg")}))
    assert (row.with_image, row.missing, row.damaged, row.with_words) == (1, 1, 1, 1)


def test_the_commonest_attributes_stand_beside_the_commonest_entities() -> None:
    seen = [
        Example(post=Post(post_id="1", text=""), attributes=("man", "shirt", "man"), entities=("dog",)),
        Example(post=Post(post_id="2", text=""), attributes=("shirt",)),
    ]
    rows = [(r.attribute, r.attribute_posts, r.entity, r.entity_posts) for r in content_rows(seen)]
    assert rows == [("shirt", 2, "dog", 1), ("man", 1, "", 0)]
    assert len(list(content_rows(seen, most=1))) == 1
    assert list(content_rows(EXAMPLES)) == []


def test_match_scores_are_counted_by_tenths_and_above_eight() -> None:
    scored = [Example(post=Post(post_id="1", text=""), match=score) for score in (0.0, 0.05, 0.8, 0.81, 1.0)]
    row = match_row("test", [*scored, *EXAMPLES])
    assert row is not None
    assert (row.posts, row.above, row.tenths) == (5, 2, (2, 0, 0, 0, 0, 0, 0, 0, 2, 1))
    assert match_row("test", EXAMPLES) is None


def test_the_most_similar_pairs_come_first_and_say_where_they_stand() -> None:
    def row(measure: str, score: float, right_part: str) -> dict[str, object]:
        return {
            "measure": measure, "score": score, "left_id": "1", "right_id": "2",
            "left_part": "train", "right_part": right_part,
        }  # fmt: skip

    table = pa.Table.from_pylist(
        [row("near_text", 0.8, "dropped"), row("identical_text", 1.0, "test"), row("near_text", 0.9, "train"),
         row("near_image", 3.0, "test"), row("near_image", 1.0, "test")]
    )  # fmt: skip
    found = list(pairs(table, {"1": "two cats", "2": "one cat here"}))
    assert [(pair.kind, pair.similarity, pair.verdict) for pair in found] == [
        ("near image", 1.0, "train and test"),
        ("near image", 3.0, "train and test"),
        ("near text", 0.9, "both in train"),
        ("near text", 0.8, "train and dropped"),
    ]
    assert (found[0].train_text, found[0].test_text) == ("two cats", "one cat here")


def test_rejected_rows_are_counted_by_reason() -> None:
    rows = [
        {"reason": reason, "source": "a.jsonl", "line": line, "raw": "", "detail": "no text"}
        for line, reason in enumerate(("fields", "empty", "fields"), 1)
    ]
    found = [(row.reason, row.rows, row.example) for row in quarantine(pa.Table.from_pylist(rows))]
    assert found == [("fields", 2, "a.jsonl:1: no text"), ("empty", 1, "a.jsonl:2: no text")]
