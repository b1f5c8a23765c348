"""The report of a split's runs: gathered from the store, rendered by the core, kept as an artifact."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect.artifacts import create_link_artifact, create_markdown_artifact

from mmkp_core.identity import ArtifactRef
from mmkp_core.report.html import render_html
from mmkp_core.report.markdown import render_markdown
from mmkp_core.report.page import (
    Note,
    ReportData,
)
from mmkp_core.systems import systems
from storage.store import Draft, Store
from tasks.examples import examples, part_posts, split_dataset
from tasks.report_entries import entries_of
from tasks.report_posts import cards, image_facts, overlaps, pairs, quarantine, split_facts
from tasks.report_runs import curves, facts_of, stages, stand_ins
from tasks.report_scores import boards, decision_rows, leaks, reasoning, slice_charts
from tasks.runs import run_names
from tasks.run.store import build_once, open_store
from tasks.run.stored import stored_task

VERSION = 8
PARTS = ("train", "valid", "test")


@stored_task()
def make_report(
    title: str,
    split: ArtifactRef,
    enriched: ArtifactRef,
    scores: Sequence[ArtifactRef],
    leaky: Sequence[ArtifactRef] = (),
    purged: Sequence[ArtifactRef] = (),
    decisions: Sequence[ArtifactRef] = (),
    rebuild: bool = False,
) -> ArtifactRef:
    """One page about a split: its posts, and what each system made of them.

    `leaky` are scores on a split whose test posts have copies among the training posts, `purged` those on the same
    test posts without such copies.
    """
    store = open_store()

    def build(draft: Draft) -> None:
        data = gather(store, title, split, enriched, scores, leaky, purged, decisions)
        (draft.folder / "report.html").write_text(render_html(data), encoding="utf-8")
        (draft.folder / "report.md").write_text(render_markdown(data), encoding="utf-8")
        draft.facts["title"] = title

    runs = {open_store().require(ref).facts["run"] for ref in (*scores, *leaky, *purged)}
    called = {run.address: name for run, name in run_names().items() if run.address in runs}
    spec = {"title": title, "called": called}  # runs bear their names on the page
    inputs = [split, enriched, *scores, *leaky, *purged, *decisions]
    return build_once("report", spec, inputs, build, version=VERSION, rebuild=rebuild)


@stored_task()
def show_report(report: ArtifactRef) -> str:
    """The report in the UI: a link that `mmkp serve` answers, and its Markdown. Returns where the page is."""
    store = open_store()
    record = store.require(report)
    key = f"report-{report.fingerprint}"
    title = record.facts["title"]
    create_link_artifact(link=f"/reports/{report.fingerprint}/report.html", link_text=title, key=f"{key}-page")
    create_markdown_artifact(store.read(record, "report.md").decode(), key=key, description=title)
    return str(store.local(record, "report.html"))


def gather(
    store: Store,
    title: str,
    split: ArtifactRef,
    enriched: ArtifactRef,
    scores: Sequence[ArtifactRef],
    leaky: Sequence[ArtifactRef],
    purged: Sequence[ArtifactRef],
    decisions: Sequence[ArtifactRef],
) -> ReportData:
    dataset = split_dataset(store, split)
    posts = {part: part_posts(store, split, part) for part in PARTS}
    given = {part: examples(store, posts[part], enriched) for part in PARTS}
    table = systems()
    rows = entries_of(store, table, map(store.require, scores))
    runs = [entry.run for entry in rows]
    made = datetime.now(UTC)
    return ReportData(
        title=title,
        made=f"{made:%d %B %Y, %H:%M} UTC",
        subtitle=(
            f"{len(posts['test']):,} test posts, {_several(len(runs), 'run')} of "
            f"{_several(len({entry.id for entry in rows}), 'system')}, trained on {len(posts['train']):,} posts"
        ),
        counts={
            "posts": sum(map(len, posts.values())),
            "runs": len(runs),
            "test posts": len(posts["test"]),
            "distinct keyphrases": len({p for part in posts.values() for post in part for p in post.keyphrases}),
        },
        facts=tuple(facts_of(store, split, enriched, runs)),
        notes=tuple(Note(text, "warning") for text in stand_ins(store, dataset, enriched, rows)),
        boards=tuple(boards(store, rows)),
        slices=tuple(slice_charts(rows)),
        reasoning=tuple(reasoning(store, rows)),
        decisions=tuple(decision_rows(store, decisions)),
        examples=tuple(cards(store, rows, given["test"], posts["train"])),
        examples_of=len(posts["test"]),
        splits=tuple(split_facts(part, posts[part]) for part in PARTS if posts[part]),
        images=tuple(image_facts(store, dataset, part, given[part]) for part in PARTS if posts[part]),
        overlaps=tuple(overlaps(store, split)),
        pairs=tuple(pairs(store, split, dataset)),
        leaks=tuple(leaks(store, *(entries_of(store, table, map(store.require, refs)) for refs in (leaky, purged)))),
        curves=tuple(curves(store, rows)),
        stages=tuple(stages(store, dataset, enriched, split, rows)),
        quarantine=tuple(quarantine(store, dataset)),
    )


def _several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
