"""Predictions put beside the posts they are for.

A score on a part is a wrong score, so predictions must cover the posts exactly: by id, or line by line for text
files, which carry no ids.
"""

from collections import Counter
from collections.abc import Sequence

from mmkp_core.data.post import Post, Prediction
from mmkp_core.errors import Mismatch

NAMED = 5
"""So many ids stand in a message."""


def align(gold: Sequence[Post], predictions: Sequence[Prediction]) -> tuple[Prediction, ...]:
    """The predictions in the order of the posts; `Mismatch` when either side has an id that the other lacks."""
    gold_ids = [post.post_id for post in gold]
    by_id = {prediction.post_id: prediction for prediction in predictions}
    lines = {post.post_id: post.line for post in gold}
    _refuse("the posts hold an id twice", [i for i, n in Counter(gold_ids).items() if n > 1], lines)
    if len(by_id) < len(predictions):
        twice = [i for i, n in Counter(prediction.post_id for prediction in predictions).items() if n > 1]
        _refuse("the predictions hold an id twice", twice, {})
    _refuse(
        f"{len(gold_ids):,} posts but {len(by_id):,} predictions: posts without a prediction",
        [i for i in gold_ids if i not in by_id],
        lines,
    )
    _refuse(
        f"{len(by_id):,} predictions but {len(gold_ids):,} posts: predictions for posts that are not there",
        [i for i in by_id if i not in lines],
        {},
    )
    return tuple(by_id[post_id] for post_id in gold_ids)


def align_lines(gold: Sequence[Post], lines: Sequence[str], *, place: str, rows: int = 0) -> tuple[Prediction, ...]:
    """The predictions of a text file, one `phrase;phrase;...` line a post.

    `rows` is the number of rows of the gold file where some of them are quarantined: the file of predictions then
    has a line for each row, and a post's own line number picks it. Empty pieces stay, they hold a rank.
    """
    rows = rows or len(gold)
    line_of = [post.line for post in gold] if rows != len(gold) else list(range(1, len(gold) + 1))
    if any(not 1 <= line <= rows for line in line_of):
        raise Mismatch(f"{place}: the posts stand outside the {rows:,} rows that their file is said to have")
    if len(lines) != rows:
        unmet = [post.post_id for post, line in zip(gold, line_of, strict=True) if line > len(lines)]
        extra = f"line {rows + 1} is the first without a post" if len(lines) > rows else "the last rows have no line"
        first = f"the first post without a line is {unmet[0]!r}" if unmet else extra
        raise Mismatch(
            f"{place}: {len(lines):,} lines of predictions for {rows:,} rows of posts; {first}; "
            "give the predictions made for exactly these posts"
        )
    return tuple(
        Prediction(post.post_id, tuple(piece.strip() for piece in answer.split(";")) if answer else ())
        for post, line in zip(gold, line_of, strict=True)
        for answer in [lines[line - 1].strip()]
    )


def _refuse(what: str, ids: Sequence[str], lines: dict[str, int]) -> None:
    if not ids:
        return
    named = ", ".join(f"{i!r}{f' (line {lines[i]})' if lines.get(i) else ''}" for i in ids[:NAMED])
    more = f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
    raise Mismatch(f"{what}: {named}{more}; give the predictions made for exactly these posts")
