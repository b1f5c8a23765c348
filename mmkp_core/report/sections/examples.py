"""Test posts drawn at random, each with what some of the systems predict for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from mmkp_core.data.phrases import is_present
from mmkp_core.data.post import Example, Post
from mmkp_core.data.text import source_form
from mmkp_core.errors import WrongInput
from mmkp_core.learning import Images
from mmkp_core.report.entrants import Entrant
from mmkp_core.report.material import SplitMaterial
from mmkp_core.report.post_rows import Answer, ExampleCard, Gold, Guess
from mmkp_core.report.thumbnails import thumbnail
from mmkp_core.seeding import python_generator

EXAMPLES = 120
ANSWERS = 5  # systems shown beside each other for one post
PHRASES = 5

Answers = Callable[[str], Answer]
"""post id -> one system's answer"""


def cards(split: SplitMaterial, rows: Sequence[Entrant], part: str, most: int = EXAMPLES) -> Iterator[ExampleCard]:
    """At most so many posts of the split's test part, with the answers of the last rows' first training seeds."""
    chosen = list(split.examples["test"])
    python_generator(0, "report", "examples").shuffle(chosen)
    chosen = chosen[:most]
    ids = {example.post.post_id for example in chosen}
    labels = {phrase for example in split.examples["train"] for phrase in example.post.keyphrases}
    shown = [_answers(row, ids) for row in rows[-ANSWERS:]]
    for example in chosen:
        post = example.post
        yield ExampleCard(
            post_id=post.post_id,
            text=post.text,
            gold=tuple(_gold(example, labels, split.kinds.get(post.post_id, {}))),
            answers=tuple(answer(post.post_id) for answer in shown),
            thumbnail=_thumbnail(split.picture, post),
            image_name=post.image_ref or "",
            image_words=example.image_words,
            attributes=example.attributes,
            entities=example.entities,
            part=part,
        )


def _gold(example: Example, labels: set[str], kinds: Mapping[str, str]) -> Iterator[Gold]:
    source = source_form(example.post.text)
    for phrase in example.post.keyphrases:
        yield Gold(phrase, is_present(phrase, source), phrase in labels, kinds.get(phrase, ""))


def _answers(row: Entrant, ids: set[str]) -> Answers:
    run, head = row.first, row.heads[0]
    guesses: dict[str, list[Guess]] = {}
    for hit in run.hits().select(["head", "post_id", "rank", "phrase", "correct"]).to_pylist():
        if hit["head"] == head and hit["rank"] <= PHRASES and hit["post_id"] in ids:
            guesses.setdefault(hit["post_id"], []).append(Guess(hit["phrase"], hit["correct"]))
    written = run.predictions().select(["head", "post_id", "reasoning"]).to_pylist()
    reasons = {
        row["post_id"]: row["reasoning"]
        for row in written
        if row["head"] == head and row["reasoning"] and row["post_id"] in ids
    }
    label = row.label()
    return lambda post_id: Answer(label, tuple(guesses.get(post_id, ())), reasons.get(post_id, ""))


def _thumbnail(picture: Images, post: Post) -> bytes:
    image = picture(post.image_key) if post.image and post.image_key else None
    try:
        return thumbnail(image) if image else b""
    except WrongInput:  # damaged at its source; the image facts count it
        return b""
