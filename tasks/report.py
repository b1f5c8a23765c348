"""Pages about scored runs: gathered from the store, built by the core, kept as artifacts."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect.artifacts import create_link_artifact, create_markdown_artifact

from mmkp_core.identity import ArtifactRef
from storage.draft import Draft
from storage.facts import PageFacts
from storage.report_sources import ReportSources, leaderboard_sources, report_sources
from tasks.run.away import patient
from tasks.run.store import build_once, open_store, provenance
from tasks.run.stored import stored_task

VERSION = 9


@stored_task()
def make_report(title: str, split: ArtifactRef, scores: Sequence[ArtifactRef], rebuild: bool = False) -> ArtifactRef:
    """One page about a split: its posts, and what each system makes of them."""
    return _page("report", title, report_sources(open_store(), split, scores), rebuild)


@stored_task()
def make_leaderboard(title: str, scores: Sequence[ArtifactRef], rebuild: bool = False) -> ArtifactRef:
    """One page about runs of several splits and training seeds."""
    return _page("leaderboard", title, leaderboard_sources(open_store(), scores), rebuild)


@stored_task()
def show_report(page: ArtifactRef) -> str:
    """The page in the UI: a link that `mmkp serve` answers, and its Markdown. Returns where the page is."""
    store = open_store()
    record = store.require(page)
    key = f"{page.kind}-{page.fingerprint}"
    title = record.states(PageFacts).title
    patient(create_link_artifact)(link=f"/reports/{page.fingerprint}/report.html", link_text=title, key=f"{key}-page")
    patient(create_markdown_artifact)(store.read(record, "report.md").decode(), key=key, description=title)
    return str(store.local(record, "report.html"))


def _page(kind: str, title: str, sources: ReportSources, rebuild: bool) -> ArtifactRef:
    """Runs and splits bear their names on a page, so other names are another page."""
    store = open_store()

    def build(draft: Draft) -> None:
        from mmkp_core.report.build import build_report
        from mmkp_core.report.html import render_html
        from mmkp_core.report.markdown import render_markdown
        from storage.report_material import report_material

        data = build_report(report_material(store, title, sources, datetime.now(UTC), provenance()))
        (draft.folder / "report.html").write_text(render_html(data), encoding="utf-8")
        (draft.folder / "report.md").write_text(render_markdown(data), encoding="utf-8")
        draft.facts = PageFacts(title=title)

    spec = {"title": title, "names": sources.names(store)}
    return build_once(kind, spec, sources.inputs(), build, version=VERSION, rebuild=rebuild)
