"""The report as GitHub-flavoured Markdown: the sections of the page without pictures.

Texts from outside cannot become markup.
"""

from collections.abc import Iterator

from mmkp_core.report.markdown_posts import contents, counts, examples, overlaps
from mmkp_core.report.markdown_scores import decisions, leaderboards, leak_effects, reasoning, slices
from mmkp_core.report.markdown_table import table
from mmkp_core.report.page import ReportData
from mmkp_core.report.wording import LONGEST_TEXT, count, duration, markdown


def render_markdown(data: ReportData) -> str:
    """The whole report."""
    return "\n\n".join(_blocks(data)) + "\n"


def _blocks(data: ReportData) -> Iterator[str]:
    yield from _head(data)
    yield from leaderboards(data)
    yield from slices(data)
    yield from reasoning(data)
    yield from decisions(data)
    yield from examples(data)
    yield from counts(data)
    yield from contents(data)
    yield from overlaps(data)
    yield from leak_effects(data.leaks)
    yield from _training(data)
    yield from _time(data)
    yield from _quarantine(data)
    if data.facts:
        yield "## What ran"
        yield "\n".join(f"- {markdown(fact.name)}: {markdown(fact.value, LONGEST_TEXT)}" for fact in data.facts)


def _head(data: ReportData) -> Iterator[str]:
    yield f"# {markdown(data.title)}"
    if data.subtitle:
        yield markdown(data.subtitle, LONGEST_TEXT)
    headline = "".join(f" · {count(number)} {markdown(name)}" for name, number in (data.counts or {}).items())
    yield f"mmkp report · {markdown(data.made)}{headline}"
    for note in data.notes:
        yield f"> **{'Take care' if note.level == 'warning' else 'Note'}** {markdown(note.text, LONGEST_TEXT)}"


def _training(data: ReportData) -> Iterator[str]:
    if not data.curves:
        return
    yield "## Training"
    yield table(
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
    if data.curves_left:
        yield f"The view `curves` has those of {count(data.curves_left)} more runs."


def _time(data: ReportData) -> Iterator[str]:
    if not data.stages:
        return
    yield "## Where the time went"
    yield table(
        ["Stage", "", "Time"],
        (
            [markdown(stage.name), "reused" if stage.reused else markdown(stage.detail), duration(stage.seconds)]
            for stage in data.stages
        ),
        words=2,
    )


def _quarantine(data: ReportData) -> Iterator[str]:
    if not data.quarantine:
        return
    yield "## Quarantine"
    yield table(
        ["Why", "The first of them", "Rows"],
        ([markdown(row.reason), markdown(row.example, 200), count(row.rows)] for row in data.quarantine),
        words=2,
    )
