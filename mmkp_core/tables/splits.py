"""Tables of a split: which part each post is in, and the pairs that are too similar."""

from mmkp_core.tables.table import NUMBER, TEXT, WHOLE, Column, Table, must

SPLITS = Table(
    "splits",
    "Which part of a split each post is in.",
    (
        must("post_id", TEXT, "id of the post in its data set"),
        must("part", TEXT, "train, valid, test or dropped"),
        Column("reason", TEXT, "why it was moved or dropped; null where it was not"),
        Column("cluster", WHOLE, "duplicates and near-duplicates share one; null where none were sought"),
    ),
)

OVERLAP_PAIRS = Table(
    "overlap_pairs",
    "Pairs of posts that are too similar, found while splitting.",
    (
        must("left_id", TEXT, "post of the one side"),
        must("right_id", TEXT, "post of the other side"),
        must("left_part", TEXT, "part that the left post is in"),
        must("right_part", TEXT, "part that the right post is in"),
        must("measure", TEXT, "identical_text, near_text, identical_image, near_image, ..."),
        must("unit", TEXT, "of the score: word, ..., char5 (Jaccard), bits, equal"),
        must("score", NUMBER, "similarity or distance"),
    ),
)
