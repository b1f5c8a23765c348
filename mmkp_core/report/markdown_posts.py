"""The report's sections about posts, as Markdown."""

from collections.abc import Iterator

from mmkp_core.report.markdown_table import table
from mmkp_core.report.page import ReportData
from mmkp_core.report.post_rows import ExampleCard
from mmkp_core.report.sections.data import SURE
from mmkp_core.report.wording import count, markdown, percent

EXAMPLES = 10
"""So many posts are written out; the page has the rest."""

DATA_COLUMNS = (
    "Split",
    "Posts",
    "Tokens per post",
    "Phrases per post",
    "Distinct phrases",
    "Words per phrase",
    "% present",
    "% absent",
    "Vocabulary",
)


def examples(data: ReportData) -> Iterator[str]:
    if data.examples:
        yield "## Examples"
        for card in data.examples[:EXAMPLES]:
            yield _example(card)


def counts(data: ReportData) -> Iterator[str]:
    """Of posts and of images, part by part."""
    if data.data or data.images:
        yield "## Data"
    if data.data:
        yield table(
            DATA_COLUMNS,
            (
                [
                    markdown(row.part),
                    count(row.posts),
                    f"{row.tokens_per_post:.2f}",
                    f"{row.keyphrases_per_post:.2f}",
                    count(row.distinct_keyphrases),
                    f"{row.words_per_keyphrase:.2f}",
                    percent(row.present_share, 2),
                    percent(row.absent_share, 2),
                    count(row.vocabulary),
                ]
                for row in data.data
            ),
        )
    if data.images:
        yield table(
            ["Images", "Posts", "With image", "Missing", "Damaged", "With words"],
            (
                [
                    markdown(row.part),
                    *map(count, (row.posts, row.with_image, row.missing, row.damaged, row.with_words)),
                ]
                for row in data.images
            ),
        )


def contents(data: ReportData) -> Iterator[str]:
    """What is seen in images, and how well they go with the posts."""
    if data.contents:
        yield table(
            ["Commonest attributes", "Posts", "Commonest entities", "Posts"],
            (
                [
                    markdown(row.attribute) or "–", count(row.attribute_posts) if row.attribute else "–",
                    markdown(row.entity) or "–", count(row.entity_posts) if row.entity else "–",
                ]
                for row in data.contents
            ),
        )  # fmt: skip
    if data.matches:
        yield table(
            ["Match scores", "Posts with one", f"Above {SURE}", "%"],
            (
                [markdown(row.part), count(row.posts), count(row.above), percent(row.above / row.posts, 1)]
                for row in data.matches
            ),
        )


def overlaps(data: ReportData) -> Iterator[str]:
    if not data.overlaps:
        return
    yield "## Overlap of test and training"
    yield table(
        ["Measure", "Before cleaning", "After cleaning"],
        (
            [
                markdown(row.measure),
                f"{count(row.before)} of {count(row.before_of)}",
                "–" if row.after is None else f"{count(row.after)} of {count(row.after_of or 0)}",
            ]
            for row in data.overlaps
        ),
    )


def _example(card: ExampleCard) -> str:
    lines = [f"**{markdown(card.post_id)}** {markdown(card.text, 300)}", ""]
    lines.append(f"- gold: {'; '.join(markdown(gold.phrase) for gold in card.gold) or '–'}")
    if card.image_words:
        lines.append(f"- words in the image: {markdown(card.image_words, 200)}")
    for answer in card.answers:
        phrases = "; ".join(f"{'✓' if guess.right else '✗'} {markdown(guess.phrase)}" for guess in answer.guesses)
        lines.append(f"- {markdown(answer.system)}: {phrases or '–'}")
    return "\n".join(lines)
