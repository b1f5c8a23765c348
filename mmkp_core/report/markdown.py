"""What does the report look like where only Markdown is shown?

The same sections as the page, without pictures; texts from outside cannot become markup.
"""

from collections.abc import Iterable, Iterator, Sequence

from mmkp_core.report.page import Cell, DecisionRow, ExampleCard, Leaderboard, ReportData, SliceChart
from mmkp_core.report.wording import (
    LONGEST_TEXT,
    PROTOCOLS,
    count,
    decimals,
    duration,
    interval,
    markdown,
    metric_name,
    percent,
)

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


def render_markdown(data: ReportData) -> str:
    """The whole report as GitHub-flavoured Markdown."""
    return "\n\n".join(_blocks(data)) + "\n"


def _blocks(data: ReportData) -> Iterator[str]:
    yield f"# {markdown(data.title)}"
    if data.subtitle:
        yield markdown(data.subtitle, LONGEST_TEXT)
    counts = "".join(f" · {count(number)} {markdown(name)}" for name, number in (data.counts or {}).items())
    yield f"mmkp report · {markdown(data.made)}{counts}"
    for note in data.notes:
        yield f"> **{'Take care' if note.level == 'warning' else 'Note'}** {markdown(note.text, LONGEST_TEXT)}"
    if data.boards:
        yield "## Leaderboard"
        for board in data.boards:
            yield from _board(board)
    if data.slices:
        yield "## Where they differ"
        for chart in data.slices:
            yield from _slices(chart)
    if data.reasoning:
        yield "## Does thinking longer help?"
        yield _table(
            ["System", "Reasoning", metric_name(data.reasoning_metric), "Tokens", "Steps", "Seconds", "Posts"],
            (
                [
                    markdown(row.system),
                    markdown(row.bucket),
                    _cell(row.cell, decimals(row.posts)),
                    f"{row.mean_tokens:.0f}",
                    f"{row.mean_steps:.1f}",
                    f"{row.mean_seconds:.3f}",
                    count(row.posts),
                ]
                for row in data.reasoning
            ),
            words=2,
        )
    if data.decisions:
        yield "## Champion and challengers"
        yield _table(
            ["When", "Challenger", "Champion then", "Decision", "Difference", "p", "Posts"],
            (
                [
                    markdown(row.when),
                    markdown(row.challenger),
                    markdown(row.champion) if row.champion else "nobody",
                    _decided(row),
                    *_compared(row),
                ]
                for row in data.decisions
            ),
            words=4,
        )
    if data.examples:
        yield "## Examples"
        for card in data.examples[:EXAMPLES]:
            yield _example(card)
    yield from _data(data)
    if data.curves:
        yield "## Training"
        yield _table(
            ["Run", "Measured", "First", "Last", "Best on validation"],
            (
                [
                    markdown(curve.run),
                    f"{markdown(curve.value_name)} by {markdown(curve.unit)}",
                    f"{curve.train[0][1]:.3f}" if curve.train else "–",
                    f"{curve.train[-1][1]:.3f}" if curve.train else "–",
                    f"{min(value for _, value in curve.valid):.3f}" if curve.valid else "–",
                ]
                for curve in data.curves
            ),
            words=2,
        )
    if data.stages:
        yield "## Where the time went"
        yield _table(
            ["Stage", "", "Time"],
            (
                [markdown(stage.name), "reused" if stage.reused else markdown(stage.detail), duration(stage.seconds)]
                for stage in data.stages
            ),
            words=2,
        )
    if data.quarantine:
        yield "## Quarantine"
        yield _table(
            ["Why", "The first of them", "Rows"],
            ([markdown(row.reason), markdown(row.example, 200), count(row.rows)] for row in data.quarantine),
            words=2,
        )
    if data.facts:
        yield "## What ran"
        yield "\n".join(f"- {markdown(fact.name)}: {markdown(fact.value, LONGEST_TEXT)}" for fact in data.facts)


def _board(board: Leaderboard) -> Iterator[str]:
    digits = decimals(board.posts)
    yield f"### Protocol `{board.protocol}`" + (f", {markdown(board.slice)} phrases" if board.slice != "all" else "")
    yield _table(
        ["System", "Kind", *map(metric_name, board.metrics)],
        (
            [
                " ".join(
                    markdown(part) for part in (row.system, row.head, f"({row.note})" if row.note else "") if part
                ),
                markdown(row.kind),
                *(_cell(cell, digits) for cell in row.cells),
            ]
            for row in board.rows
        ),
        words=2,
    )
    yield (
        f"{PROTOCOLS.get(board.protocol, '')} Percent over {count(board.posts)} posts with the "
        f"{percent(board.confidence, 0)} % bootstrap interval; bold leads its column, ≈ is not significantly below it. "
        f"{markdown(board.caption, LONGEST_TEXT)}"
    ).strip()


def _slices(chart: SliceChart) -> Iterator[str]:
    names = list(dict.fromkeys((score.slice, score.posts) for score in chart.scores))
    systems = list(dict.fromkeys(score.system for score in chart.scores))
    found = {(score.system, score.slice): score for score in chart.scores}
    yield f"### {markdown(chart.title)}"
    yield _table(
        ["System", *(f"{markdown(name)} ({count(posts)})" for name, posts in names)],
        (
            [
                markdown(system),
                *(
                    _cell(score.cell, decimals(score.posts)) if (score := found.get((system, name))) else "–"
                    for name, _ in names
                ),
            ]
            for system in systems
        ),
    )
    caption = markdown(chart.caption, LONGEST_TEXT)
    yield f"{metric_name(chart.metric)} in percent, protocol `{chart.protocol}`. {caption}".strip()


def _example(card: ExampleCard) -> str:
    lines = [f"**{markdown(card.post_id)}** {markdown(card.text, 300)}", ""]
    lines.append(f"- gold: {'; '.join(markdown(gold.phrase) for gold in card.gold) or '–'}")
    if card.image_words:
        lines.append(f"- words in the image: {markdown(card.image_words, 200)}")
    for answer in card.answers:
        said = "; ".join(f"{'✓' if guess.right else '✗'} {markdown(guess.phrase)}" for guess in answer.guesses)
        lines.append(f"- {markdown(answer.system)}: {said or '–'}")
    return "\n".join(lines)


def _data(data: ReportData) -> Iterator[str]:
    if data.splits or data.images:
        yield "## Data"
    if data.splits:
        yield _table(
            DATA_COLUMNS,
            (
                [
                    markdown(row.split),
                    count(row.posts),
                    f"{row.tokens_per_post:.2f}",
                    f"{row.keyphrases_per_post:.2f}",
                    count(row.distinct_keyphrases),
                    f"{row.words_per_keyphrase:.2f}",
                    percent(row.present_share, 2),
                    percent(row.absent_share, 2),
                    count(row.vocabulary),
                ]
                for row in data.splits
            ),
        )
    if data.images:
        yield _table(
            ["Images", "Posts", "With image", "Missing", "Damaged", "With words"],
            (
                [
                    markdown(row.split),
                    *map(count, (row.posts, row.with_image, row.missing, row.damaged, row.with_words)),
                ]
                for row in data.images
            ),
        )
    if data.overlaps:
        yield "## Overlap of test and training"
        yield _table(
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
    if data.leaks:
        yield "## What a leak is worth"
        yield _table(
            ["System", "Leaked posts", "Copies trained on", "Copies left out", "Worth", "Worth over all posts"],
            (
                [
                    markdown(row.system),
                    count(row.posts),
                    _cell(row.leaked, decimals(row.posts)),
                    _cell(row.purged, decimals(row.posts)),
                    f"{_points(row.worth.value)}{_between(row.worth)}",
                    f"{_points(row.worth_of_all.value)}{_between(row.worth_of_all)}",
                ]
                for row in data.leaks
            ),
        )


def _cell(cell: Cell | None, digits: int) -> str:
    if cell is None:
        return "–"
    value = percent(cell.value, digits)
    marked = {"best": f"**{value}**", "tied": f"≈ {value}", "": value}[cell.mark]
    between = interval(cell, digits)
    return f"{marked} ({between})" if between else marked


def _decided(row: DecisionRow) -> str:
    return f"{'promoted' if row.promoted else 'kept the old one'} {markdown(row.reason, LONGEST_TEXT)}".strip()


def _compared(row: DecisionRow) -> tuple[str, str, str]:
    if row.difference is None:
        return ("–", "–", "–")
    between = _between(row.difference)
    return (
        f"{metric_name(row.metric)} {_points(row.difference.value)}{between}", f"{row.p_value:.3f}", count(row.posts)
    )  # fmt: skip


def _between(cell: Cell) -> str:
    return "" if cell.low is None or cell.high is None else f" ({_points(cell.low)} to {_points(cell.high)})"


def _points(share: float) -> str:
    return f"{100 * share:+.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """The first `words` columns hold words, the others figures, set to the right."""
    rule = ["---" if column < words else "---:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
