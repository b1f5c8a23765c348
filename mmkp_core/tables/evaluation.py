"""The tables that an evaluation leaves: scores, a row for each hit and miss, and a row for each post and metric."""

import pyarrow as pa

SCORES = pa.schema(
    [
        pa.field("head", pa.string(), nullable=False),
        pa.field("protocol", pa.string(), nullable=False),
        pa.field("slice", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("posts", pa.int64(), nullable=False),
    ]
)

HITS = pa.schema(
    [
        pa.field("head", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("protocol", pa.string(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("phrase", pa.string(), nullable=False),
        pa.field("correct", pa.bool_(), nullable=False),
        pa.field("present", pa.bool_(), nullable=False),
        pa.field("seen", pa.bool_()),
    ]
)

POST_SCORES = pa.schema(
    [
        pa.field("head", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("protocol", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),  # cmkp's f1@k is made of the averages of p@k and r@k
        pa.field("value", pa.float64()),  # over all gold phrases of the post; null without any: it is in no average
        pa.field("slices", pa.map_(pa.string(), pa.float64()), nullable=False),  # per slice that the post belongs to
    ]
)
