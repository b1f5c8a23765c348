"""What do the tables of a split hold?"""

import pyarrow as pa

SPLITS = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),  # train, valid, test or dropped
        pa.field("reason", pa.string()),  # why the post was moved or dropped; null where it was not
        pa.field("cluster", pa.int64()),  # posts that are copies of each other share one; null where none were sought
    ]
)

OVERLAPS = pa.schema(
    [
        pa.field("left_id", pa.string(), nullable=False),
        pa.field("right_id", pa.string(), nullable=False),
        pa.field("left_part", pa.string(), nullable=False),
        pa.field("right_part", pa.string(), nullable=False),
        pa.field("measure", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),  # of the score: word, ..., char5 (Jaccard), bits, equal
        pa.field("score", pa.float64(), nullable=False),
    ]
)
