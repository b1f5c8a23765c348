"""Tables of an evaluation: scores in all, per post, and per predicted phrase."""

import pyarrow as pa

from mmkp_core.tables.runs import HEAD
from mmkp_core.tables.table import FLAG, NUMBER, TEXT, WHOLE, Column, Table, must

_POST_ID = must("post_id", TEXT, "id of the post in its data set")
_PROTOCOL = must("protocol", TEXT, "by whose rules: cmkp, aimkp or strict")
_METRIC = must("metric", TEXT, "f1@1, f1@3, map@5, ...")

SCORES = Table(
    "scores",
    "Scores by protocol, slice and metric, with intervals.",
    (
        HEAD,
        _PROTOCOL,
        must("slice", TEXT, "all, present, absent, seen, unseen, ..."),
        _METRIC,
        must("value", NUMBER, "fraction of 1"),
        Column("low", NUMBER, "lower end of the interval"),
        Column("high", NUMBER, "upper end of the interval"),
        must("posts", WHOLE, "posts that have gold phrases in the slice"),
    ),
)

POST_SCORES = Table(
    "post_scores",
    "What each metric gives each post; their mean is the score.",
    (
        HEAD,
        _POST_ID,
        _PROTOCOL,
        must("metric", TEXT, "p@1, r@1, map@5, ...; cmkp's f1@k is the harmonic mean of the means of p@k and r@k"),
        Column("value", NUMBER, "over all of the post's gold phrases, a fraction of 1; null where it has none"),
        must("slices", pa.map_(pa.string(), pa.float64()), "what it gives in each slice that the post belongs to"),
    ),
)

HITS = Table(
    "hits",
    "One row per post and predicted phrase, right or not.",
    (
        HEAD,
        _POST_ID,
        _PROTOCOL,
        must("rank", WHOLE, "1 is the best"),
        must("phrase", TEXT, "the phrase as predicted"),
        must("correct", FLAG, "equal to a gold phrase in normal form; repeating it is not another hit"),
        must("present", FLAG, "occurs in the post's text"),
        Column("seen", FLAG, "is a label of a training post; null where no training posts are known"),
    ),
)
