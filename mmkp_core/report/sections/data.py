"""Counts of a split's posts and images, what its parts share, and rows that were set aside."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

import pyarrow as pa

from mmkp_core.data.phrases import is_present
from mmkp_core.data.post import Example
from mmkp_core.data.text import source_form, tokens
from mmkp_core.report.material import SplitMaterial
from mmkp_core.report.post_rows import ContentRow, DataRow, ImageRow, MatchRow, PairRow, QuarantineRow

PAIRS = 30
COMMONEST = 10
SURE = 0.8
"""A match score above it counts as a match in MM-MKP's paper."""


def data_row(part: str, examples: Sequence[Example]) -> DataRow:
    posts = [example.post for example in examples]
    words = [tokens(post.text) for post in posts]
    phrases = [(phrase, source_form(post.text)) for post in posts for phrase in post.keyphrases]
    count = max(len(phrases), 1)
    return DataRow(
        part=part,
        posts=len(posts),
        tokens_per_post=sum(map(len, words)) / len(posts),
        keyphrases_per_post=len(phrases) / len(posts),
        distinct_keyphrases=len({phrase for phrase, _ in phrases}),
        words_per_keyphrase=sum(len(phrase.split()) for phrase, _ in phrases) / count,
        present_share=sum(is_present(phrase, source) for phrase, source in phrases) / count,
        vocabulary=len({word for text in words for word in text}),
    )


def image_row(part: str, examples: Sequence[Example], split: SplitMaterial) -> ImageRow:
    keys = [example.post.image_key for example in examples if example.post.image_key]
    return ImageRow(
        part=part,
        posts=len(examples),
        with_image=sum(key in split.intact for key in keys),
        missing=sum(key not in split.intact and key not in split.damaged for key in keys),
        damaged=sum(key in split.damaged for key in keys),
        with_words=sum(bool(example.image_words) for example in examples),
    )


def content_rows(examples: Iterable[Example], most: int = COMMONEST) -> Iterator[ContentRow]:
    """The commonest attributes beside the commonest entities; of equals the first seen comes first."""
    attributes, entities = Counter[str](), Counter[str]()
    for example in examples:
        attributes.update([*dict.fromkeys(example.attributes)])
        entities.update([*dict.fromkeys(example.entities)])
    for attribute, entity in zip_longest(attributes.most_common(most), entities.most_common(most), fillvalue=("", 0)):
        yield ContentRow(attribute=attribute[0], attribute_posts=attribute[1], entity=entity[0], entity_posts=entity[1])


def match_row(part: str, examples: Sequence[Example]) -> MatchRow | None:
    scores = [example.match for example in examples if example.match is not None]
    if not scores:
        return None
    tenths = Counter(min(int(score * 10), 9) for score in scores)
    return MatchRow(
        part=part,
        posts=len(scores),
        above=sum(score > SURE for score in scores),
        tenths=tuple(tenths[tenth] for tenth in range(10)),
    )


def pairs(overlaps: pa.Table, texts: Mapping[str, str], most: int = PAIRS) -> Iterator[PairRow]:
    """The most similar pairs that stood on two sides before, and where they stand now."""
    rows = [row for row in overlaps.to_pylist() if row["measure"].startswith("near_")]
    rows.sort(key=lambda row: (row["measure"], -row["score"] if row["measure"] == "near_text" else row["score"]))
    for row in rows[:most]:
        left, right = row["left_part"], row["right_part"]
        yield PairRow(
            kind=row["measure"].replace("_", " "),
            similarity=row["score"],
            train_id=row["left_id"],
            train_text=texts[row["left_id"]],
            test_id=row["right_id"],
            test_text=texts[row["right_id"]],
            verdict=f"both in {left}" if left == right else f"{left} and {right}",
        )


def quarantine(rejected: pa.Table) -> Iterator[QuarantineRow]:
    """The reasons for which rows were set aside, the most frequent first, each with its first row."""
    rows = rejected.to_pylist()
    for reason, count in Counter(row["reason"] for row in rows).most_common():
        first = next(row for row in rows if row["reason"] == reason)
        yield QuarantineRow(reason, count, f"{first['source']}:{first['line']}: {first['raw'] or first['detail']}")
