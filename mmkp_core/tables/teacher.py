"""Tables of a teacher: rationales with all that led to them, and the paid replies below."""

import pyarrow as pa

from mmkp_core.tables.posts import IMAGE_KEY
from mmkp_core.tables.table import FLAG, NUMBER, TEXT, TEXTS, WHOLE, Column, Table, must

RATIONALES = Table(
    "rationales",
    "What the teacher answered, accepted and rejected.",
    (
        must("post_id", TEXT, "the post asked about"),
        IMAGE_KEY,
        must("request_hash", TEXT, "hash of the question as it was first asked"),
        must("prompt", TEXT, "the messages as sent, as JSON with the image as its hash"),
        must("model", TEXT, "the teacher's model"),
        must("mode", TEXT, "rationalise or solve"),
        must("status", TEXT, "accepted, rejected or failed (to be asked again)"),
        Column("reason", TEXT, "why it was not accepted"),
        must("detail", TEXT, "what exactly"),
        Column("rationale", TEXT, "the reasoning; null unless accepted"),
        must("phrases", TEXTS, "the phrases it leads to, where they could be read"),
        Column("raw_reply", TEXT, "the last reply as received"),
        Column("trace", TEXT, "reasoning that the server sent beside it"),
        Column("finish_reason", TEXT, "why it ended"),
        must("turns", pa.int32(), "replies paid for: 2 where one was repaired"),
        must("prompt_tokens", WHOLE, "tokens paid for the requests of all turns"),
        must("completion_tokens", WHOLE, "tokens paid for the replies"),
        must("tokens_counted", FLAG, "false: estimates, the endpoint counts none"),
        must("cost", NUMBER, "in the currency of the prices given"),
        must("attempts", pa.int32(), "requests sent for it"),
        must("engine", TEXT, "fingerprint of the teacher's spec, prompts and rules"),
    ),
)

REPLIES = Table(
    "replies",
    "Paid replies as a journal holds them; another rule of acceptance can judge them again for nothing.",
    (
        must("request", TEXT, "hash of all that was sent"),
        must("text", TEXT, "the reply"),
        must("trace", TEXT, "reasoning that the server sent beside it"),
        must("refusal", TEXT, "the server's words, where it refused"),
        must("finish_reason", TEXT, "why it ended"),
        must("model", TEXT, "as the server names it"),
        must("prompt_tokens", WHOLE, "tokens of the request"),
        must("completion_tokens", WHOLE, "tokens of the reply"),
        must("counted", FLAG, "false: estimates, the endpoint counts none"),
        must("attempts", WHOLE, "requests sent for it"),
        must("request_id", TEXT, "the server's own id of it"),
    ),
)
