"""The report's sections about scores, as Markdown."""

from collections.abc import Iterator, Sequence

from mmkp_core.report.markdown_table import difference, score, table
from mmkp_core.report.page import ReportData
from mmkp_core.report.score_rows import DecisionRow, Leaderboard, LeakRow, SliceChart
from mmkp_core.report.wording import LONGEST_TEXT, PROTOCOLS, count, decimals, markdown, metric_name, percent


def leaderboards(data: ReportData) -> Iterator[str]:
    if data.boards:
        yield "## Leaderboard"
        for board in data.boards:
            yield from _board(board)


def slices(data: ReportData) -> Iterator[str]:
    if data.slices:
        yield "## Where they differ"
        for chart in data.slices:
            yield from _chart(chart)


def reasoning(data: ReportData) -> Iterator[str]:
    if not data.reasoning:
        return
    yield "## Does thinking longer help?"
    yield table(
        ["System", "Reasoning", metric_name(data.reasoning_metric), "Tokens", "Steps", "Seconds", "Posts"],
        (
            [
                markdown(row.system),
                markdown(row.bucket),
                score(row.cell, decimals(row.posts)),
                f"{row.mean_tokens:.0f}",
                f"{row.mean_steps:.1f}",
                f"{row.mean_seconds:.3f}",
                count(row.posts),
            ]
            for row in data.reasoning
        ),
        words=2,
    )


def decisions(data: ReportData) -> Iterator[str]:
    if not data.decisions:
        return
    yield "## Champion and challengers"
    yield table(
        ["When", "Challenger", "Champion then", "Decision", "Difference", "p", "Posts"],
        (
            [
                markdown(row.when),
                markdown(row.challenger),
                markdown(row.champion) if row.champion else "nobody",
                f"{'promoted' if row.promoted else 'kept the old one'} {markdown(row.reason, LONGEST_TEXT)}".strip(),
                *_compared(row),
            ]
            for row in data.decisions
        ),
        words=4,
    )


def leak_effects(rows: Sequence[LeakRow]) -> Iterator[str]:
    if not rows:
        return
    yield "## Leak effect"
    yield table(
        ["System", "Leaked posts", "Duplicates trained on", "Duplicates left out", "Leak effect", "Over all posts"],
        (
            [
                markdown(row.system),
                count(row.posts),
                score(row.leaked, decimals(row.posts)),
                score(row.purged, decimals(row.posts)),
                difference(row.effect),
                difference(row.effect_of_all),
            ]
            for row in rows
        ),
    )


def _board(board: Leaderboard) -> Iterator[str]:
    digits = decimals(board.posts)
    where = f"{markdown(board.split)}, protocol" if board.split else "Protocol"
    yield f"### {where} `{board.protocol}`" + (f", {markdown(board.slice)} phrases" if board.slice != "all" else "")
    yield table(
        ["System", "Kind", *map(metric_name, board.metrics)],
        (
            [
                " ".join(
                    markdown(part)
                    for part in (
                        row.system,
                        row.head,
                        f"({row.note})" if row.note else "",
                        f"({row.seeds} training seeds)" if row.seeds > 1 else "",
                    )
                    if part
                ),
                markdown(row.kind),
                *(score(cell, digits) for cell in row.cells),
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


def _chart(chart: SliceChart) -> Iterator[str]:
    names = list(dict.fromkeys((one.slice, one.posts) for one in chart.scores))
    systems = list(dict.fromkeys(one.system for one in chart.scores))
    found = {(one.system, one.slice): one for one in chart.scores}
    yield f"### {markdown(chart.title)}" + (f", {markdown(chart.split)}" if chart.split else "")
    yield table(
        ["System", *(f"{markdown(name)} ({count(posts)})" for name, posts in names)],
        (
            [
                markdown(system),
                *(
                    score(one.cell, decimals(one.posts)) if (one := found.get((system, name))) else "–"
                    for name, _ in names
                ),
            ]
            for system in systems
        ),
    )
    caption = markdown(chart.caption, LONGEST_TEXT)
    yield f"{metric_name(chart.metric)} in percent, protocol `{chart.protocol}`. {caption}".strip()


def _compared(row: DecisionRow) -> tuple[str, str, str]:
    if row.difference is None:
        return ("–", "–", "–")
    return f"{metric_name(row.metric)} {difference(row.difference)}", f"{row.p_value:.3f}", count(row.posts)
