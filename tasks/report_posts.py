"""What a report says of posts: examples with answers, counts of the parts, images, and copies."""

from collections import Counter
from collections.abc import Iterable, Sequence

from mmkp_core.data.phrases import is_present
from mmkp_core.data.post import Example, Post
from mmkp_core.data.text import source_form, tokens
from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from mmkp_core.report.page import (
    Answer,
    ExampleCard,
    Gold,
    Guess,
    ImageFacts,
    OverlapRow,
    PairRow,
    QuarantineRow,
    SplitFacts,
)
from mmkp_core.report.thumbnails import thumbnail
from mmkp_core.seeding import python_generator
from storage.store import Store
from tasks.evaluate import phrase_kinds
from tasks.examples import dataset_parts, dataset_posts, image_keys
from tasks.report_entries import Entry

EXAMPLES = 120
PAIRS = 30
ANSWERS = 5  # systems shown beside each other for one post


def cards(
    store: Store, entries: Sequence[Entry], given: Sequence[Example], train: Sequence[Post]
) -> Iterable[ExampleCard]:
    """Test posts drawn at random, each with what the leading systems said of it."""
    chosen = list(given)
    python_generator(0, "report", "examples").shuffle(chosen)
    chosen = chosen[:EXAMPLES]
    labels = {phrase for post in train for phrase in post.keyphrases}
    kinds = phrase_kinds([example.post for example in chosen]) or {}
    said: list[tuple[str, dict[str, list[tuple[str, bool]]], dict[str, str]]] = []
    for entry in entries[-ANSWERS:]:
        rows = store.table(entry.record, "hits").to_pylist()
        answers: dict[str, list[tuple[str, bool]]] = {}
        for row in rows:
            if row["head"] == entry.heads[0] and row["rank"] <= 5:
                answers.setdefault(row["post_id"], []).append((row["phrase"], row["correct"]))
        said.append((entry.label(entry.heads[0]), answers, _reasons(store, entry)))
    for example in chosen:
        post = example.post
        source = source_form(post.text)
        yield ExampleCard(
            post_id=post.post_id,
            text=post.text,
            gold=tuple(
                Gold(p, is_present(p, source), p in labels, kinds.get(post.post_id, {}).get(p, ""))
                for p in post.keyphrases
            ),
            answers=tuple(
                Answer(
                    name,
                    tuple(Guess(phrase, right) for phrase, right in answers.get(post.post_id, ())),
                    reasons.get(post.post_id, ""),
                )
                for name, answers, reasons in said
            ),
            thumbnail=_thumbnail(store, post),
            image_name=post.image_ref or "",
            image_words=example.image_words,
            attributes=example.attributes,
            entities=example.entities,
        )


def _reasons(store: Store, entry: Entry) -> dict[str, str]:
    """post id -> the reasoning that the system wrote before its answer"""
    rows = store.table(store.require(entry.predictions), "predictions", ["post_id", "reasoning"]).to_pylist()
    return {row["post_id"]: row["reasoning"] for row in rows if row["reasoning"]}


def _thumbnail(store: Store, post: Post) -> bytes:
    if not post.image:
        return b""
    try:
        return thumbnail(store.images.read(post.image))
    except WrongInput:  # damaged at its source; the image facts count it
        return b""


def split_facts(part: str, posts: Sequence[Post]) -> SplitFacts:
    words = [tokens(post.text) for post in posts]
    phrases = [(phrase, source_form(post.text)) for post in posts for phrase in post.keyphrases]
    count = max(len(phrases), 1)
    return SplitFacts(
        split=part,
        posts=len(posts),
        tokens_per_post=sum(map(len, words)) / len(posts),
        keyphrases_per_post=len(phrases) / len(posts),
        distinct_keyphrases=len({phrase for phrase, _ in phrases}),
        words_per_keyphrase=sum(len(phrase.split()) for phrase, _ in phrases) / count,
        present_share=sum(is_present(phrase, source) for phrase, source in phrases) / count,
        vocabulary=len({word for text in words for word in text}),
    )


def image_facts(store: Store, dataset: ArtifactRef, part: str, given: Sequence[Example]) -> ImageFacts:
    fine = image_keys(store, dataset)
    damaged = {**image_keys(store, dataset, "unreadable"), **image_keys(store, dataset, "too_large")}
    keyed = [example.post.image_key for example in given if example.post.image_key]
    return ImageFacts(
        split=part,
        posts=len(given),
        with_image=sum(key in fine for key in keyed),
        missing=sum(key not in fine and key not in damaged for key in keyed),
        damaged=sum(key in damaged for key in keyed),
        with_words=sum(bool(example.image_words) for example in given),
    )


def overlaps(store: Store, split: ArtifactRef) -> Iterable[OverlapRow]:
    for row in store.require(split).facts.get("overlaps", ()):
        yield OverlapRow(**{**row, "measure": row["measure"].replace("_", " ")})


def pairs(store: Store, split: ArtifactRef, dataset: ArtifactRef) -> Iterable[PairRow]:
    """The likest pairs that stood on two sides before, and where they stand now."""
    record = store.require(split)
    if not record.file("overlaps.parquet"):
        return
    rows = [row for row in store.table(record, "overlaps").to_pylist() if row["measure"].startswith("near_")]
    texts = {post.post_id: post.text for post in dataset_posts(store, dataset)}
    rows.sort(key=lambda row: (row["measure"], -row["score"] if row["measure"] == "near_text" else row["score"]))
    for row in rows[:PAIRS]:
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


def quarantine(store: Store, dataset: ArtifactRef) -> Iterable[QuarantineRow]:
    parts = [part for part in dataset_parts(store, dataset) if part.file("quarantine.parquet")]
    if not parts:
        return
    rows = store.table(parts, "quarantine").to_pylist()
    for reason, count in Counter(row["reason"] for row in rows).most_common():
        first = next(row for row in rows if row["reason"] == reason)
        yield QuarantineRow(reason, count, f"{first['source']}:{first['line']}: {first['raw'] or first['detail']}")
