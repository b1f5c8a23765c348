import pytest

from mmkp_core.data.post import Post, Prediction
from mmkp_core.errors import Mismatch
from mmkp_core.evaluation.alignment import align, align_lines


def posts(*ids):
    return [Post(post_id=i, text="", keyphrases=("a",), line=n) for n, i in enumerate(ids, 1)]


def predictions(*ids):
    return [Prediction(i, (i,)) for i in ids]


def test_predictions_come_in_the_order_of_the_posts():
    assert [p.post_id for p in align(posts("a", "b", "c"), predictions("c", "a", "b"))] == ["a", "b", "c"]


@pytest.mark.fault(31)
def test_a_missing_prediction_is_refused_with_the_line_of_its_post():
    with pytest.raises(Mismatch, match=r"without a prediction: 'b' \(line 2\)"):
        align(posts("a", "b", "c"), predictions("a", "c"))


@pytest.mark.fault(31)
def test_a_prediction_for_another_split_is_refused():
    with pytest.raises(Mismatch, match="that are not there: 'x'"):
        align(posts("a"), predictions("a", "x"))


def test_many_missing_ids_are_counted_and_the_first_named():
    with pytest.raises(Mismatch, match=r"'0' \(line 1\), .* and 95 more"):
        align(posts(*map(str, range(100))), [])


@pytest.mark.fault(31)
def test_an_id_twice_is_refused_on_either_side():
    with pytest.raises(Mismatch, match="posts hold an id twice: 'a'"):
        align(posts("a", "a"), predictions("a"))
    with pytest.raises(Mismatch, match="predictions hold an id twice: 'a'"):
        align(posts("a"), predictions("a", "a"))


def test_lines_are_read_in_order_and_keep_the_rank_of_empty_pieces():
    found = align_lines(posts("a", "b"), ["cats; dogs;;x\n", "\n"], place="p.txt")
    assert [p.phrases for p in found] == [("cats", "dogs", "", "x"), ()]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["x"], "p.txt: 1 lines of predictions for 2 rows of posts; the first post without a line is 'b'"),
        (["x"] * 3, "p.txt: 3 lines of predictions for 2 rows of posts; line 3 is the first without a post"),
    ],
)
def test_a_file_of_another_length_is_refused(lines, message):
    with pytest.raises(Mismatch, match=message):
        align_lines(posts("a", "b"), lines, place="p.txt")


def test_lines_of_quarantined_rows_are_passed_over():
    kept = [Post(post_id="1", text="", line=1), Post(post_id="3", text="", line=3)]
    assert [p.phrases for p in align_lines(kept, ["a", "", "c"], place="p.txt", rows=3)] == [("a",), ("c",)]


def test_posts_that_stand_beyond_the_rows_are_refused():
    with pytest.raises(Mismatch, match="outside the 3 rows"):
        align_lines([Post(post_id="9", text="", line=9)], ["a", "b", "c"], place="p.txt", rows=3)
