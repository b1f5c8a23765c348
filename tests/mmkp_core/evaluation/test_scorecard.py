import json
from pathlib import Path

import pytest

from mmkp_core.data.phrases import distinct
from mmkp_core.data.post import Post, Prediction
from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.spec import EvaluateSpec

POSTS = [
    Post(post_id="a", text="my cats sleep", keyphrases=("cat", "sunday")),
    Post(post_id="b", text="hoops tonight", keyphrases=("nba",)),
    Post(post_id="c", text="nobody tagged this"),
]
PREDICTIONS = [
    Prediction("b", ("hoops", "nba")),
    Prediction("a", ("cats", "Cat", "monday")),
    Prediction("c", ("x",)),
]
QUICK = EvaluateSpec(protocol="cmkp", resamples=200)


def test_the_document_is_the_contract_of_the_command_line():
    document = evaluate(POSTS, PREDICTIONS, QUICK, train_keyphrases=[("cat",), ("nba", "x")]).document()
    assert (document["protocol"], document["posts"], document["posts_without_gold"]) == ("cmkp", 2, 1)
    assert list(document["scores"]) == ["all", "present", "absent", "seen", "unseen"]
    assert document["scores"]["all"]["f1@1"] == pytest.approx(2 * (1 / 2) * (1 / 4) / (3 / 4))
    assert document["slice_posts"] == {"all": 2, "present": 1, "absent": 2, "seen": 2, "unseen": 1}
    low, high = document["intervals"]["all"]["f1@1"]
    assert 0 <= low <= document["scores"]["all"]["f1@1"] <= high <= 1
    json.dumps(document)


def test_all_protocols_stand_side_by_side():
    document = evaluate(POSTS, PREDICTIONS, EvaluateSpec(resamples=0)).document()
    assert set(document["protocols"]) == {"cmkp", "aimkp", "strict"}
    assert "f1@m" in document["protocols"]["strict"]["scores"]["all"]
    assert "f1@m" not in document["protocols"]["cmkp"]["scores"]["all"]
    assert "intervals" not in document["protocols"]["cmkp"]


def test_every_predicted_phrase_is_a_row_of_hits():
    columns = evaluate(POSTS, PREDICTIONS, QUICK, train_keyphrases=[("cat",)]).hits.columns()
    rows = list(zip(*columns.values(), strict=True))
    assert list(columns) == ["post_id", "rank", "phrase", "right", "present", "seen"]
    assert rows == [
        ("a", 1, "cats", True, True, True),
        ("a", 2, "Cat", False, True, True),
        ("a", 3, "monday", False, False, False),
        ("b", 1, "hoops", False, True, False),
        ("b", 2, "nba", True, False, False),
        ("c", 1, "x", False, False, False),
    ]


def test_seen_is_unknown_without_training_labels():
    card = evaluate(POSTS, PREDICTIONS, QUICK)
    assert set(card.hits.seen) == {None}
    assert "seen" not in card.document()["scores"]


def test_an_answer_of_nothing_leaves_no_hit_rows():
    card = evaluate(POSTS[:1], [Prediction("a", ())], QUICK)
    assert card.hits.columns()["post_id"] == []
    assert card.document()["scores"]["all"]["f1@1"] == 0


def test_a_part_of_the_predictions_is_never_scored():
    with pytest.raises(Mismatch, match="'b'"):
        evaluate(POSTS, PREDICTIONS[1:], QUICK)


def test_words_of_the_image_must_be_given_where_they_are_asked_for():
    asked = EvaluateSpec(protocol="cmkp", resamples=0, present_source="text+words")
    with pytest.raises(WrongInput, match="image words"):
        evaluate(POSTS, PREDICTIONS, asked)
    card = evaluate(POSTS, PREDICTIONS, asked, image_words={"b": "nba finals"})
    assert card.tables["cmkp"].slices["present"].posts == 2


def test_image_words_do_not_count_when_only_the_text_is_asked():
    card = evaluate(POSTS, PREDICTIONS, QUICK, image_words={"b": "nba finals"})
    assert card.tables["cmkp"].slices["present"].posts == 1


def test_the_spec_is_a_form():
    from pydantic import TypeAdapter

    form = TypeAdapter(EvaluateSpec).json_schema()["properties"]
    assert form["protocol"]["enum"] == ["cmkp", "aimkp", "strict", "all"]
    assert all(field["description"] for field in form.values())


CMKP = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "cmkp" / "valid_src.txt"


@pytest.mark.skipif(not CMKP.exists(), reason="the CMKP data is not on this machine")
def test_the_present_share_of_cmkps_validation_posts_is_the_published_one():
    fields = [[field.strip() for field in line.split("<sep>")] for line in CMKP.read_text("utf-8").splitlines()]
    posts = [
        Post(post_id=str(n), text=f[0], keyphrases=tuple(p.strip() for p in f[1].split(";")))
        for n, f in enumerate(fields)
    ]
    predictions = [Prediction(post.post_id, post.keyphrases) for post in posts]
    card = evaluate(posts, predictions, EvaluateSpec(protocol="cmkp", resamples=0))
    gold_phrases = sum(len(distinct(post.keyphrases)) for post in posts)
    present = sum(p and r for p, r in zip(card.hits.present, card.hits.right, strict=True))
    assert (len(posts), gold_phrases, present) == (5_370, 7_177, 2_584)
    assert card.document()["scores"]["all"]["map@5"] == pytest.approx(1)
