"""What are the columns of the teacher's tables? Rationales with all that led to them, and the paid replies below."""

import pyarrow as pa

RATIONALES = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("image_key", pa.string()),  # of the post, sent or not
        pa.field("request_hash", pa.string(), nullable=False),  # of the question as it was first asked
        pa.field("prompt", pa.string(), nullable=False),  # JSON of that request; the picture as its hash
        pa.field("model", pa.string(), nullable=False),
        pa.field("mode", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),  # accepted, rejected or failed (to be asked again)
        pa.field("reason", pa.string()),  # of `reply.REASONS`; null where accepted
        pa.field("detail", pa.string(), nullable=False),
        pa.field("rationale", pa.string()),  # null unless accepted
        pa.field("phrases", pa.list_(pa.string()), nullable=False),  # the teacher's, where they could be read
        pa.field("raw_reply", pa.string()),  # the last one, word for word
        pa.field("trace", pa.string()),  # reasoning trace that the server sent beside it
        pa.field("finish_reason", pa.string()),
        pa.field("turns", pa.int32(), nullable=False),  # 2: the first reply had to be repaired
        pa.field("prompt_tokens", pa.int64(), nullable=False),  # of all turns
        pa.field("completion_tokens", pa.int64(), nullable=False),
        pa.field("tokens_counted", pa.bool_(), nullable=False),  # false: estimates, the endpoint counts none
        pa.field("cost", pa.float64(), nullable=False),  # by the prices of the run that made the row
        pa.field("attempts", pa.int32(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),  # fingerprint of the teacher's spec, prompts and rules
    ]
)

REPLIES = pa.schema(
    [
        pa.field("request", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("trace", pa.string(), nullable=False),
        pa.field("refusal", pa.string(), nullable=False),
        pa.field("finish_reason", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("prompt_tokens", pa.int64(), nullable=False),
        pa.field("completion_tokens", pa.int64(), nullable=False),
        pa.field("counted", pa.bool_(), nullable=False),
        pa.field("attempts", pa.int32(), nullable=False),
        pa.field("request_id", pa.string(), nullable=False),
    ]
)
"""The journal's lines; sealed parts of these let another acceptance rule judge the same replies for nothing."""
